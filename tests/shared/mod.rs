//! What several tests share.

use std::path::{Path, PathBuf};

/// An example's program: `cargo test` builds the examples beside the tests, `cargo test --test NAME` takes those that are
/// there.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let path = folder.join(format!("examples/{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{}: expected an example, found none; run `cargo build --examples` as the tests are built",
        path.display()
    );
    path
}
