use std::fs;
use std::path::PathBuf;

use ulmfit_text::{RulePreset, TokenizerConfig, VocabConfig};

use super::*;
use crate::chunks::{count_in_chunks, count_tokens};
use crate::{ClassLoaderConfig, Corpus, Document, LmLoaderConfig, Source, TextUnit};

/// Documents of many lengths, an empty one among them.
fn corpus() -> Corpus {
    let word = |i: usize| format!("word{}", i * i % 97);
    let text = |doc: usize| (0..doc * 7 % 31).map(word).collect::<Vec<_>>().join(" ");
    let documents = (0..150).map(|doc| Document::labeled(text(doc), doc as u32 % 2));
    Corpus::new(documents.collect(), vec!["neg".into(), "pos".into()]).unwrap()
}

fn tokenizer() -> Tokenizer {
    TokenizerConfig::new().init()
}

fn vocab(corpus: &Corpus) -> Vocab {
    let counts = count_tokens(corpus, &tokenizer()).unwrap();
    VocabConfig::new()
        .with_min_freq(1)
        .build_from_counts(&counts)
}

/// A store in a folder of its own, which is removed with the second value.
fn store() -> (PathBuf, tempfile::TempDir, TokenStore) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.tokens");
    let corpus = corpus();
    let store = TokenStore::create(&path, &corpus, &tokenizer(), &vocab(&corpus)).unwrap();
    (path, dir, store)
}

#[test]
fn holds_what_the_vocabulary_makes_of_the_texts() {
    let (_, _dir, store) = store();
    let (corpus, tokenizer) = (corpus(), tokenizer());
    let vocab = vocab(&corpus);
    assert_eq!(store.docs().len(), corpus.len());
    for (at, document) in corpus.documents().iter().enumerate() {
        let ids = vocab.encode(&tokenizer.tokenize(&document.text));
        assert_eq!(store.docs().doc(at), ids, "document {at}");
    }
}

#[test]
fn threads_and_chunks_do_not_show() {
    let (path, dir, _) = store();
    let expected = fs::read(&path).unwrap();
    let corpus = corpus();
    let vocab = vocab(&corpus);
    for threads in [1, 2, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        for chunk_bytes in [1, 100, 3_000, CHUNK_BYTES] {
            let path = dir.path().join(format!("{threads}-{chunk_bytes}"));
            pool.as_ref().unwrap().install(|| {
                let counts = count_in_chunks(&corpus, &tokenizer(), chunk_bytes).unwrap();
                let counted = VocabConfig::new()
                    .with_min_freq(1)
                    .build_from_counts(&counts);
                assert_eq!(counted, vocab);
                TokenStore::create_in_chunks(&path, &corpus, &tokenizer(), &vocab, chunk_bytes)
                    .unwrap();
            });
            let bytes = fs::read(&path).unwrap();
            assert!(
                bytes == expected,
                "{threads} threads, chunks of {chunk_bytes}"
            );
        }
    }
}

#[test]
fn loaders_read_a_store_as_they_read_lists() {
    let (_, _dir, store) = store();
    let lists: Vec<Vec<u32>> = (0..store.docs().len())
        .map(|i| store.docs().doc(i))
        .collect();
    let config = LmLoaderConfig::new().with_batch_size(5).with_seq_len(7);
    let mapped = config.build(store.docs().clone()).unwrap();
    let listed = config.build(lists.clone()).unwrap();
    assert!(mapped.epoch(1).eq(listed.epoch(1)));
    let labels = corpus().labels().unwrap();
    let config = ClassLoaderConfig::new().with_batch_size(8);
    let mapped = config.build(store.docs().clone(), labels.clone()).unwrap();
    assert!(
        mapped
            .epoch(1)
            .eq(config.build(lists, labels).unwrap().epoch(1))
    );
}

#[test]
fn is_made_again_exactly_when_something_has_changed() {
    let dir = tempfile::tempdir().unwrap();
    let (text, path) = (dir.path().join("a.txt"), dir.path().join("a.tokens"));
    let lines = Source::new(&text);
    fs::write(&text, "one two\nthree\n").unwrap();
    let vocab = vocab(&lines.corpus().unwrap());
    let make = |source: &Source, tokenizer: &Tokenizer, vocab: &Vocab| {
        let store = TokenStore::create(&path, source, tokenizer, vocab).unwrap();
        store.fingerprint().to_owned()
    };
    let first = make(&lines, &tokenizer(), &vocab);
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(make(&lines, &tokenizer(), &vocab), first);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);

    let v1 = TokenizerConfig::new()
        .with_rules(RulePreset::FastaiV1)
        .init();
    let smaller = VocabConfig::new()
        .with_min_freq(9)
        .build(&[vec!["one".to_owned()]]);
    let whole = Source::new(&text).with_unit(TextUnit::File);
    let changed = [
        make(&lines, &v1, &vocab),
        make(&lines, &tokenizer(), &smaller),
        make(&whole, &tokenizer(), &vocab),
        {
            fs::write(&text, "one two\nthrew\n").unwrap();
            make(&lines, &tokenizer(), &vocab)
        },
    ];
    for (at, other) in changed.iter().enumerate() {
        assert!(*other != first && !changed[..at].contains(other), "{at}");
    }
    assert_eq!(TokenStore::open(&path).unwrap().docs().doc(1), [2, 0]);
}

#[test]
fn another_file_is_never_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("thesis.doc");
    let corpus = corpus();
    for content in ["my thesis", "", "ULMF"] {
        fs::write(&path, content).unwrap();
        let error = TokenStore::create(&path, &corpus, &tokenizer(), &vocab(&corpus)).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("expected a token store or no file, found another file"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn a_cut_or_altered_file_does_not_open() {
    let (path, dir, _) = store();
    let whole = fs::read(&path).unwrap();
    let other = dir.path().join("other.tokens");
    let open = |bytes: &[u8]| {
        fs::write(&other, bytes).unwrap();
        TokenStore::open(&other).map_err(|e| e.to_string())
    };
    for length in (0..whole.len()).step_by(11).chain([whole.len() - 1]) {
        assert!(open(&whole[..length]).is_err(), "cut to {length} bytes");
    }
    let lie = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let mut bytes = whole.clone();
        let at = bytes.windows(from.len()).position(|w| w == from.as_bytes());
        bytes[at.unwrap()..][..to.len()].copy_from_slice(to.as_bytes());
        open(&bytes).unwrap_err()
    };
    for (from, to, expected) in [
        (
            "\"version\":1",
            "\"version\":7",
            "expected `version` 1, found `version` 7",
        ),
        ("\"width\":2", "\"width\":4", "sizes that add up"),
        (
            "\"width\":2",
            "\"width\":3",
            "expected `width` 2 or 4, found 3",
        ),
        (
            "\"documents\":150",
            "\"documents\":151",
            "sizes that add up",
        ),
        (
            "\"documents\":150",
            "\"documents\":999",
            "sizes that add up",
        ),
        (
            "\"vocabulary\":",
            "\"vacabulary\":",
            "a footer of a token store",
        ),
    ] {
        let error = lie(from, to);
        assert!(
            error.contains(expected) && error.contains("make the token store again"),
            "{error}"
        );
    }
    let footer = whole.windows(9).position(|w| w == b"{\"version").unwrap();
    for (at, expected) in [
        (layout::IDS_AT, "ids within the vocabulary"),
        (footer - 16, "ends of documents in ascending order"),
        (footer - 8, "ends of documents in ascending order"),
    ] {
        let mut bytes = whole.clone();
        bytes[at..at + 2].copy_from_slice(&[0xff, 0xff]);
        let error = open(&bytes).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    // No byte, whatever its value, makes reading panic.
    for at in (0..whole.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        if let Ok(store) = open(&bytes) {
            (0..store.docs().len()).for_each(|doc| assert!(store.docs().doc(doc).len() < 1000));
        }
    }
}

/// The endless source of the child process below.
struct Endless;

impl DocumentSource for Endless {
    fn documents_iter(&self) -> Result<crate::Documents<'_>> {
        let document = |line| {
            Ok(RawDocument {
                text: format!("word {line}"),
                label: None,
                place: crate::Place { file: None, line },
            })
        };
        Ok(Box::new((0..).map(document)))
    }

    fn fingerprint(&self) -> Result<[u8; 32]> {
        Ok([0; 32])
    }
}

const CHILD: &str = "ULMFIT_TEST_STORE_CHILD";

/// Does nothing unless the next test has started it.
#[test]
fn child_that_writes_until_it_is_killed() {
    if let Ok(path) = std::env::var(CHILD) {
        let corpus = corpus();
        let _ = TokenStore::create(path, &Endless, &tokenizer(), &vocab(&corpus));
    }
}

#[test]
fn a_killed_process_leaves_no_store() {
    let (path, dir, _) = store();
    let before = fs::read(&path).unwrap();
    for target in [path.clone(), dir.path().join("new.tokens")] {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["child_that_writes_until_it_is_killed", "--test-threads=1"])
            .env(CHILD, &target)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let beside = PathBuf::from(format!("{}.{}.tmp", target.display(), child.id()));
        let written = || fs::metadata(&beside).map_or(0, |m| m.len());
        while written() < 3 << 20 {
            assert!(child.try_wait().unwrap().is_none(), "the child ended");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(TokenStore::open(&beside).is_err());
        fs::remove_file(beside).unwrap();
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(!dir.path().join("new.tokens").exists());
}
