//! Text to tokens to ids: what each text rule does, which words get an id, and ids to text again.
//! `cargo run --release --example 01_tokenize`

use ulmfit::prelude::*;

const TEXT: &str =
    "I LOVED it!!! An   absolute must-see, isn't it?<br />10/10 &amp; sooooo funny, ha ha ha ha";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("Text\n  {TEXT}\n\nRules, where they change it");
    let mut text = TEXT.to_owned();
    for rule in RulePreset::Standard.rules() {
        let changed = (rule.apply)(&text).into_owned();
        if changed != text {
            println!("  {:<18} {}", rule.name, changed.replace('\n', "\\n"));
        }
        text = changed;
    }

    let tokenizer = TokenizerConfig::new().init();
    let tokens = tokenizer.tokenize(TEXT);
    let line = |tokens: &[String]| tokens.join(" ").replace('\n', "\\n");
    println!("\n{} tokens\n  {}", tokens.len(), line(&tokens));

    println!("\nThe same text under the rules that published models were trained with");
    for preset in [
        RulePreset::FastaiV2,
        RulePreset::FastaiV1,
        RulePreset::Paper,
    ] {
        let tokenizer = TokenizerConfig::new().with_rules(preset).init();
        let name = preset.to_string();
        println!("  {name:<10} {}", line(&tokenizer.tokenize(TEXT)));
    }

    // The vocabulary: what occurs three times or more in the labeled reviews of the bundled sample.
    let reviews = ReviewSet::open(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data"))?.train;
    let documents = tokenizer.tokenize_all(&reviews.texts());
    let vocab = VocabConfig::new().with_min_freq(3).build(&documents);
    let words: std::collections::HashSet<&String> = documents.iter().flatten().collect();
    println!(
        "\n{} of {} different tokens of {} reviews are in the vocabulary\n  special   {}\n  frequent  {}",
        vocab.len(),
        words.len(),
        reviews.len(),
        vocab.tokens()[..9].join(" "),
        vocab.tokens()[9..29].join(" ")
    );

    let ids = vocab.encode(&tokens);
    let unknown = ids.iter().filter(|&&id| id == vocab.unk_id()).count();
    println!("\nIds, {unknown} of them unknown\n  {ids:?}");
    let known = vocab.decode_tokens(&ids);
    println!("\nBack to text\n  {}", tokenizer.detokenize(&known));
    Ok(())
}
