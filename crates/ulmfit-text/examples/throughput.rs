//! How fast one thread tokenizes: `cargo run --release -p ulmfit-text --example throughput`.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::time::Instant;

use ulmfit_text::{EnglishSplitter, RulePreset, TokenizerConfig};

const TEXT: &str = "The harbour was quiet when we got there, and I wasn't sure that anybody would come. \
    \"They've closed it,\" said Ms. Lee (the owner's sister), \"for good!\" A GREAT pity... \
    I'd paid $4.50 for a well-made lamp; it broke in two days.<br /><br />Still, the view from \
    https://example.com/view was so so so lovely &amp; the food cost 12,000 less than in Rome, i.e. nothing!!!\n";

fn main() {
    let text: Vec<String> = (0..64).map(|_| TEXT.repeat(8)).collect();
    let bytes: usize = text.iter().map(String::len).sum();
    for preset in RulePreset::ALL {
        let tokenizer = TokenizerConfig::new().with_rules(preset).init();
        measure(&preset.to_string(), bytes, || {
            text.iter().map(|t| tokenizer.tokenize(t).len()).sum()
        });
    }
    let tokenizer = TokenizerConfig::new().init();
    measure("rules only", bytes, || {
        text.iter().map(|t| tokenizer.prepare(t).len() / 5).sum()
    });
    let splitter = EnglishSplitter::blank();
    measure("words only", bytes, || {
        text.iter().map(|t| splitter.split(t).len()).sum()
    });
}

/// The best of several passes, since anything else on the machine only slows them.
fn measure(name: &str, bytes: usize, pass: impl Fn() -> usize) {
    let passes = (0..20).map(|_| {
        let start = Instant::now();
        let tokens = pass();
        (start.elapsed().as_secs_f64(), tokens)
    });
    let (seconds, tokens) = passes.fold(
        (f64::MAX, 0),
        |best, pass| if pass.0 < best.0 { pass } else { best },
    );
    let (tokens, megabytes) = (tokens as f64 / seconds / 1e6, bytes as f64 / seconds / 1e6);
    println!("{name:<12} {tokens:6.2} M tokens/s {megabytes:7.1} MB/s");
}
