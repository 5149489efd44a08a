//! What holds for every input: streams cover each token once, batches each row once, an archive is its folder.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use ulmfit_data::{
    ClassLoaderConfig, Corpus, Document, DocumentOrder, Format, IGNORE, Lengths, LmLoaderConfig,
    Quotes, Remainder, ReviewSet, Source, TextUnit, batches_by_length,
};

/// Documents of these sizes whose ids are all different, from 2 on.
fn docs(sizes: &[usize]) -> Vec<Vec<u32>> {
    let mut ids = 2..;
    sizes
        .iter()
        .map(|&n| ids.by_ref().take(n).collect())
        .collect()
}

fn lengths() -> impl Strategy<Value = Lengths> {
    prop_oneof![Just(Lengths::Fixed), Just(Lengths::Awd)]
}

fn order() -> impl Strategy<Value = DocumentOrder> {
    prop_oneof![Just(DocumentOrder::Kept), Just(DocumentOrder::Shuffled)]
}

proptest! {
    // Nothing is written beside the tests: a failure prints its smallest case.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_token_but_the_first_is_predicted_once(
        sizes in vec(0_usize..30, 1..20), batch_size in 1_usize..12, seq_len in 1_usize..15,
        lengths in lengths(), order in order(), seed in any::<u64>(), epoch in 0_usize..4,
    ) {
        let n: usize = sizes.iter().sum();
        let config = LmLoaderConfig::new().with_batch_size(batch_size).with_seq_len(seq_len);
        let config = config.with_lengths(lengths).with_order(order).with_seed(seed);
        let Ok(loader) = config.build(docs(&sizes)) else { prop_assert!(n < 2); return Ok(()) };
        let batches: Vec<_> = loader.epoch(epoch).collect();
        prop_assert_eq!(batches.len(), loader.n_batches_in(epoch));
        prop_assert_eq!(loader.n_tokens(), n);

        // Rows, put together over all batches.
        let mut pairs = Vec::new();
        for row in 0..loader.batch_size() {
            let flat = |grid: fn(&ulmfit_data::LmBatch) -> &ulmfit_text::TokenGrid| -> Vec<u32> {
                batches.iter().flat_map(|b| grid(b).row(row).to_vec()).collect()
            };
            let (inputs, targets) = (flat(|b| &b.inputs), flat(|b| &b.targets));
            prop_assert!(targets[..targets.len() - 1].iter().all(|&t| t != IGNORE), "only the last may be missing");
            let there = targets.iter().filter(|&&t| t != IGNORE).count();
            prop_assert!(there > 0, "no row is empty");
            prop_assert_eq!(&inputs[1..there], &targets[..there - 1]);
            prop_assert!(inputs[there..].iter().all(|&id| id == 1));
            pairs.extend(inputs[..there].iter().copied().zip(targets[..there].iter().copied()));
        }
        // Rows follow one another, so the pairs spell the whole stream.
        prop_assert_eq!(pairs.len(), n - 1);
        prop_assert!(pairs.windows(2).all(|w| w[0].1 == w[1].0));
        let mut seen: Vec<u32> = pairs.iter().map(|p| p.1).chain([pairs[0].0]).collect();
        seen.sort_unstable();
        prop_assert_eq!(seen, (2..n as u32 + 2).collect::<Vec<_>>());
    }

    #[test]
    fn dropping_loses_less_than_a_row_of_tokens(
        sizes in vec(0_usize..30, 1..20), batch_size in 1_usize..12, seq_len in 1_usize..15,
    ) {
        let n: usize = sizes.iter().sum();
        let config = LmLoaderConfig::new().with_batch_size(batch_size).with_seq_len(seq_len);
        let Ok(loader) = config.with_remainder(Remainder::Drop).build(docs(&sizes)) else { return Ok(()) };
        let predicted: usize = loader.epoch(0).map(|b| b.targets.ids().len()).sum();
        prop_assert_eq!(predicted, (n - 1) / batch_size * batch_size);
    }

    #[test]
    fn each_row_is_in_one_batch(sizes in vec(1_usize..40, 0..120), batch_size in 1_usize..9, epoch in 0_usize..3) {
        let n = sizes.len();
        let loader = ClassLoaderConfig::new().with_batch_size(batch_size).build(docs(&sizes), vec![0; n]).unwrap();
        let all: Vec<usize> = (0..n).collect();
        let sorted = |mut rows: Vec<usize>| { rows.sort_unstable(); rows };
        let batches: Vec<_> = loader.epoch(epoch).collect();
        prop_assert_eq!(batches.len(), loader.n_batches());
        prop_assert!(n < 2 || batch_size < 2 || batches.iter().all(|b| b.rows.len() > 1));
        if let Some(first) = batches.first() {
            prop_assert_eq!(first.lengths[0], *sizes.iter().max().unwrap());
        }
        prop_assert_eq!(sorted(batches.into_iter().flat_map(|b| b.rows).collect()), all.clone());
        prop_assert_eq!(sorted(loader.sorted().flat_map(|b| b.rows).collect()), all.clone());
        prop_assert_eq!(sorted(batches_by_length(&sizes, batch_size).concat()), all);
    }

    #[test]
    fn a_split_keeps_every_document(labels in vec(0_u32..4, 0..60), fraction in -0.5_f64..1.5, seed in any::<u64>()) {
        let documents: Vec<Document> =
            labels.iter().enumerate().map(|(row, &label)| Document::labeled(row.to_string(), label)).collect();
        let corpus = Corpus::new(documents, "abcd".chars().map(String::from).collect()).unwrap();
        let (train, valid) = corpus.split(fraction, seed);
        let (n, share) = (labels.len(), fraction.clamp(0.0, 1.0));
        let rounded = (share * n as f64).round() as usize;
        let inside = n > 1 && share > 0.0 && share < 1.0;
        let counts = corpus.class_counts();
        // One document of each class stays.
        let most: usize = counts.iter().map(|count| count.saturating_sub(1)).sum();
        let alone = counts.iter().filter(|&&count| count == 1).count() as f64;
        let wanted = if inside { rounded.clamp(1, n - 1) } else { rounded };
        prop_assert_eq!(valid.len(), if share < 1.0 { wanted.min(most) } else { wanted });
        let mut rows: Vec<usize> = Corpus::concat(&[&train, &valid]).texts().iter().map(|t| t.parse().unwrap()).collect();
        rows.sort_unstable();
        prop_assert_eq!(rows, (0..labels.len()).collect::<Vec<_>>());
        for class in 0..4 {
            let count = |c: &Corpus| c.labels().unwrap().iter().filter(|&&l| l == class).count() as f64;
            prop_assert!((count(&valid) - share * count(&corpus)).abs() < 2.0 + alone);
            prop_assert!(share == 1.0 || count(&train) > 0.0 || count(&corpus) == 0.0);
        }
    }

    #[test]
    fn csv_gives_back_what_was_written(texts in vec("[a\",\n\r é;=]{0,12}", 1..12)) {
        let dir = tempfile::tempdir().unwrap();
        let documents: Vec<Document> = texts.iter().map(|text| Document::labeled(text.as_str(), 0)).collect();
        let corpus = Corpus::new(documents, vec!["only".into()]).unwrap();
        ulmfit_data::write_split(dir.path(), "train", &corpus).unwrap();
        ulmfit_data::write_classes(dir.path(), corpus.classes()).unwrap();
        prop_assert_eq!(ReviewSet::open(dir.path()).unwrap().train, corpus);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in vec(any::<u8>(), 0..200)) {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.csv", "a.csv.gz", "a.csv.zst", "a.jsonl", "a.txt", "a.tar", "a.tar.gz"] {
            let path = dir.path().join(name);
            std::fs::write(&path, &bytes).unwrap();
            for format in Format::NAMES {
                let source = Source::new(&path).with_format(format.parse().unwrap());
                let _ = source.clone().with_unit(TextUnit::Article).corpus();
                let _ = source.clone().with_label("label").corpus();
                for quotes in Quotes::NAMES {
                    let source = source.clone().with_quotes(quotes.parse().unwrap());
                    let _ = source.with_text(0).with_label(1).without_header().corpus();
                }
            }
            let _ = ReviewSet::open(&path);
        }
    }
}

/// Reviews in the published layout, in an order no sorting gives.
const FILES: [(&str, &str); 9] = [
    ("train/pos/10_8.txt", "good ten"),
    ("test/neg/0_2.txt", "bad test"),
    ("train/neg/1_1.txt", "bad one"),
    ("train/unsup/0_0.txt", "unknown"),
    ("train/pos/1_9.txt", "good <br /> one"),
    ("train/labeledBow.feat", "no review"),
    ("test/pos/3_9.txt", "good test"),
    ("README", "no review"),
    ("train/neg/1_10.txt", "bad, rated ten"),
];

fn write_folder(root: &Path) {
    for (name, text) in FILES {
        let path = root.join("aclImdb").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn write_archive(path: &Path) {
    let encoder = flate2::write::GzEncoder::new(
        std::fs::File::create(path).unwrap(),
        flate2::Compression::fast(),
    );
    let mut archive = tar::Builder::new(encoder);
    for (name, text) in FILES {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, format!("aclImdb/{name}"), text.as_bytes())
            .unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap();
}

#[test]
fn an_archive_equals_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    write_folder(dir.path());
    write_archive(&dir.path().join("aclImdb_v1.tar.gz"));
    let folder = ReviewSet::open(dir.path().join("aclImdb")).unwrap();
    assert_eq!(
        folder.train.texts(),
        ["bad one", "bad, rated ten", "good ten", "good <br /> one"]
    );
    assert_eq!(folder.train.labels().unwrap(), [0, 0, 1, 1]);
    assert_eq!(
        folder.test.as_ref().unwrap().texts(),
        ["bad test", "good test"]
    );
    assert_eq!(
        folder.unlabeled.as_ref().unwrap().documents(),
        [Document::unlabeled("unknown")]
    );
    assert_eq!(ReviewSet::open(dir.path()).unwrap(), folder);
    assert_eq!(
        ReviewSet::open(dir.path().join("aclImdb_v1.tar.gz")).unwrap(),
        folder
    );
}

#[test]
fn a_truncated_archive_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("aclImdb_v1.tar.gz");
    write_archive(&path);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = ReviewSet::open(&path).unwrap_err().to_string();
    assert!(
        error.contains(
            "aclImdb_v1.tar.gz: expected a whole gzip file, found one that is cut off after"
        ),
        "{error}"
    );
}
