//! Pickles assembled by hand.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn read(bytes: &[u8]) -> Result<Pickle<'_>, Fault> {
    Pickle::read(bytes, 0)
}

fn ints(pickle: &Pickle<'_>, list: Id) -> Vec<i64> {
    let items = pickle.sequence(list).unwrap().iter();
    items.map(|&item| pickle.int(item).unwrap()).collect()
}

#[test]
fn numbers_of_every_width() {
    let bytes =
        b"\x80\x04(K\x07M\x00\x01J\xff\xff\xff\xff\x8a\x00\x8a\x01\xfe\x8a\x08\0\0\0\0\0\0\0\x80t.";
    let pickle = read(bytes).unwrap();
    let expected = [7, 256, -1, 0, -2, i64::MIN];
    assert_eq!(ints(&pickle, pickle.root()), expected);
    let pickle = read(b"\x80\x02G\xbf\xf8\0\0\0\0\0\0.rest").unwrap();
    assert!(matches!(pickle.node(pickle.root()), Node::Float(-1.5)));
    assert_eq!(pickle.end(), 12);
    let pickle = read(b"\x80\x02\x8a\x09123456789.").unwrap();
    assert!(matches!(
        pickle.node(pickle.root()),
        Node::Long(b"123456789")
    ));
}

#[test]
fn text_bytes_and_containers() {
    let pickle =
        read(b"\x80\x05}(\x8c\x01aC\x02xyU\x01b]\x8c\x01c\x8e\x01\0\0\0\0\0\0\0zu.").unwrap();
    let pairs: Vec<_> = pickle.mapping(pickle.root()).unwrap().collect();
    let keys: Vec<_> = pairs.iter().map(|&(key, _)| pickle.str(key)).collect();
    assert_eq!(keys, [Some("a"), Some("b"), Some("c")]);
    assert!(matches!(pickle.node(pairs[0].1), Node::Bytes(b"xy")));
    assert!(pickle.sequence(pairs[1].1).unwrap().is_empty());
    assert!(matches!(pickle.node(pairs[2].1), Node::Bytes(b"z")));
}

#[test]
fn calls_are_noted_and_not_made() {
    let pickle = read(b"\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R.").unwrap();
    let (global, object) = pickle.call(pickle.root()).unwrap();
    assert_eq!(global.to_string(), "os.system");
    assert_eq!(
        pickle.str(pickle.tuple(object.args).unwrap()[0]),
        Some("ls")
    );
    assert_eq!(pickle.describe(pickle.root()), "an object of `os.system`");
}

#[test]
fn references_that_double_cost_nothing() {
    // Each of thirty lists has the one before ten times: 10^30 items.
    let mut bytes = b"\x80\x02]q\x00".to_vec();
    for level in 1u8..=30 {
        bytes.extend([b']', b'q', level, b'(']);
        bytes.extend([b'h', level - 1].repeat(10));
        bytes.push(b'e');
    }
    bytes.push(b'.');
    let pickle = read(&bytes).unwrap();
    assert_eq!(pickle.nodes.len(), 31);
    assert_eq!(pickle.sequence(pickle.root()).unwrap().len(), 10);
}

#[test]
fn lists_do_not_hold_the_stack_s_room() {
    let mut bytes = b"\x80\x02(".to_vec();
    bytes.extend(b"N".repeat(100_000));
    bytes.extend(b"t0");
    bytes.extend(b"(Nl0".repeat(1000));
    bytes.extend(b"N.");
    let pickle = read(&bytes).unwrap();
    let room: usize = pickle.lists.iter().map(Vec::capacity).sum();
    assert!(room <= 8 * 1000, "{room}");
}

#[test]
fn depth_is_no_matter() {
    for (open, close) in [("]", "a"), ("", "\u{85}")] {
        let mut bytes = b"\x80\x02]".to_vec();
        let close = if close == "a" { b'a' } else { 0x85 };
        bytes.extend(open.as_bytes().repeat(1_000_000));
        bytes.extend([close].repeat(1_000_000));
        bytes.push(b'.');
        drop(read(&bytes).unwrap());
    }
    // A list in itself.
    let pickle = read(b"\x80\x02]q\x00h\x00a.").unwrap();
    assert_eq!(pickle.sequence(pickle.root()), Some(&[pickle.root()][..]));
}

#[test]
fn what_is_no_pickle_is_refused_with_its_place() {
    for (bytes, part, says) in [
        (&b""[..], "byte 0", "1 more bytes"),
        (b"\x80\x02", "byte 2", "1 more bytes"),
        (b"\x80\x09.", "byte 2", "protocol 2 to 5"),
        (b"\x80\x02.", "byte 3", "a value on the stack"),
        (
            b"\x80\x02X\xff\xff\xff\xffabc",
            "byte 7",
            "4294967295 more bytes",
        ),
        (
            b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff",
            "byte 11",
            "more bytes",
        ),
        (b"\x80\x02X\x01\0\0\0\xff.", "byte 8", "UTF-8"),
        (b"\x80\x02t.", "byte 3", "a mark"),
        (b"\x80\x02(0.", "byte 4", "a value on the stack"),
        (b"\x80\x02N(\x85.", "byte 5", "values on the stack"),
        (b"\x80\x02h\x05.", "byte 4", "remembered as 5"),
        (b"\x80\x02}(Nu.", "byte 6", "a value for each key"),
        (b"\x80\x02NNa.", "byte 5", "a list to append to"),
        (b"\x80\x02NNb.", "byte 5", "an object"),
        (b"\x80\x02cos\nsystem", "byte 6", "the end of a line"),
        (b"\x80\x02K\x01\x93.", "byte 5", "values on the stack"),
        (b"\x80\x02\x82\x01.", "byte 2", "an opcode"),
    ] {
        let error = read(bytes)
            .unwrap_err()
            .at(std::path::Path::new("file.pkl"));
        let error = error.to_string();
        assert!(error.contains(part) && error.contains(says), "{error}");
    }
}
