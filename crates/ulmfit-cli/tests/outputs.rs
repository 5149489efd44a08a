//! Nothing that was there is lost: what a verb writes takes the place of a regular file that it was asked to replace,
//! or of nothing. As root, and as a user without rights where the tests run as root.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod shared;

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use shared::{Ran, command, fresh, trained};

/// The number of a user without rights.
const NOBODY: u32 = 65_534;

const TRAIN: &str = "train reviews.csv --text-column body --label-column stars --config tiny.toml --pretrained none \
    --pretrain-epochs 1 --epochs 1 --validate at-end --quiet";

/// A folder of a user, who runs the command in it.
struct User {
    folder: tempfile::TempDir,
    /// Another user than the one of the tests.
    id: Option<u32>,
}

impl User {
    /// The user of the tests, and another one if that is root.
    fn all() -> Vec<Self> {
        let mut all = vec![Self {
            folder: fresh(),
            id: None,
        }];
        let folder = fresh();
        let root = fs::metadata(folder.path()).unwrap().uid() == 0;
        if root {
            let user = Self {
                folder,
                id: Some(NOBODY),
            };
            user.own();
            let mut help = command(user.path(), "--version");
            help.uid(NOBODY).gid(NOBODY);
            match help.status() {
                Ok(status) if status.success() => all.push(user),
                _ => eprintln!("skipped: another user cannot run the command from here"),
            }
        } else {
            eprintln!("skipped: only root can run the command as another user");
        }
        all
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives all that is in the folder to the user.
    fn own(&self) {
        if let Some(id) = self.id {
            own(self.path(), id);
        }
    }

    fn run(&self, line: &str) -> Ran {
        self.own();
        let mut command = command(self.path(), line);
        if let Some(id) = self.id {
            command.uid(id).gid(id);
        }
        let output = command.output().unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs what must be refused, and leave everything as it was.
    fn refuses(&self, line: &str, parts: &[&str]) {
        let before = self.files();
        self.run(line).fails(parts);
        assert_eq!(self.files(), before, "{line}");
    }

    /// All names in the folder, with what is in the regular files.
    fn files(&self) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let mut all: Vec<_> = fs::read_dir(self.path())
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let regular = entry.file_type().unwrap().is_file();
                (
                    entry.path(),
                    regular.then(|| fs::read(entry.path()).unwrap()),
                )
            })
            .collect();
        all.sort();
        all
    }

    fn write(&self, name: &str) {
        fs::write(self.path().join(name), "mine").unwrap();
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }
}

fn own(path: &Path, id: u32) {
    chown(path, Some(id), Some(id)).unwrap();
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        match () {
            () if kind.is_dir() => own(&entry.path(), id),
            () if kind.is_symlink() => {}
            () => chown(entry.path(), Some(id), Some(id)).unwrap(),
        }
    }
}

#[test]
fn no_result_takes_the_place_of_another_under_whatever_name() {
    for user in User::all() {
        let full = user.at("m").display().to_string();
        let twice = ["expected a file for each result, found one twice"];
        for line in [
            "--out m --report ./m".to_owned(),
            "--out m --report m".to_owned(),
            format!("--out m --no-report --language-model-out {full}"),
            "--out m --report b --language-model-out ./b".to_owned(),
            "--out m.safetensors --direction both --report m.backward.safetensors".to_owned(),
        ] {
            user.refuses(&format!("{TRAIN} {line} --force"), &twice);
        }
        // Another name of the folder, and another name of the file.
        symlink(".", user.at("here")).unwrap();
        user.refuses(&format!("{TRAIN} --out m --report here/m"), &twice);
        user.write("m");
        fs::hard_link(user.at("m"), user.at("n")).unwrap();
        user.refuses(&format!("{TRAIN} --out m --report n --force"), &twice);
        symlink("m", user.at("link")).unwrap();
        let link = ["link: expected a regular file or nothing, found a link to m"];
        user.refuses(&format!("{TRAIN} --out m --report link --force"), &link);
        let given = trained().join("model").display().to_string();
        let line = format!("export {given} --format fastai --out e --vocab-out ./e");
        user.refuses(&line, &twice);
    }
}

#[test]
fn no_result_takes_the_place_of_what_is_read() {
    for user in User::all() {
        let read = ["expected a new file, found the one that is read"];
        fs::copy(user.at("reviews.csv"), user.at("t2.csv")).unwrap();
        for line in [
            "--out t2.csv",
            "--out ./t2.csv",
            "--report t2.csv",
            "--language-model-out t2.csv",
            "--out tiny.toml",
        ] {
            let line = TRAIN.replace("reviews.csv", "t2.csv") + " " + line + " --force";
            user.refuses(&line, &read);
        }
        let line = format!("{TRAIN} --valid t2.csv --report t2.csv --force");
        user.refuses(&line, &read);
        let line = format!("{TRAIN} --unlabeled t2.csv --report t2.csv --force");
        user.refuses(&line, &read);
        fs::copy(trained().join("model"), user.at("model")).unwrap();
        fs::copy(trained().join("lm"), user.at("lm")).unwrap();
        for line in [
            "evaluate model t2.csv --text-column body --label-column stars --report t2.csv",
            "evaluate model t2.csv --text-column body --label-column stars --report ./model",
            "classify lm t2.csv --text-column body --label-column stars --out lm",
            "finetune lm t2.csv --text-column body --out lm",
            "finetune lm t2.csv --text-column body --out t2.csv",
            "pretrain t2.csv --text-column body --out t2.csv",
            "pretrain t2.csv --text-column body --from lm --out lm",
            "lr-find t2.csv --text-column body --out t2.csv",
            "export model --format ulmfit --storage int8 --out ./model",
            "export model --format fastai --out w --vocab-out ./model",
        ] {
            user.refuses(&format!("{line} --force"), &read);
        }
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ulmfit-model/tests/golden");
        let golden = golden.join("import");
        fs::copy(golden.join("v2.pth"), user.at("w.pth")).unwrap();
        fs::copy(golden.join("itos_v2.pkl"), user.at("v.pkl")).unwrap();
        for out in ["w.pth", "./v.pkl"] {
            let line = format!("import w.pth --vocab v.pkl --out {out} --force");
            user.refuses(&line, &read);
        }
        // A file of a folder that is read.
        for class in ["good", "bad"] {
            fs::create_dir_all(user.at("folder").join(class)).unwrap();
            for n in 0..9 {
                fs::write(
                    user.at("folder").join(class).join(format!("{n}.txt")),
                    class,
                )
                .unwrap();
            }
        }
        let line = "train folder --report folder/good/1.txt --pretrained none --force";
        user.refuses(line, &["found one of the folder that is read (folder)"]);
    }
}

#[test]
fn what_is_there_is_replaced_only_if_it_is_asked_for() {
    for user in User::all() {
        for name in ["x.backward.safetensors", "k.txt"] {
            user.write(name);
        }
        let line = format!("{TRAIN} --direction both --out x.safetensors");
        let refused = ["expected no file at x.backward.safetensors", "--force"];
        user.refuses(&line, &refused);
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ulmfit-model/tests/golden");
        let golden = golden.join("import");
        let (weights, vocab) = (golden.join("v2.pth"), golden.join("itos_v2.pkl"));
        let (weights, vocab) = (weights.display(), vocab.display());
        let import = format!("import {weights} --vocab {vocab} --out k.txt");
        let refused = ["expected no file at k.txt", "--force"];
        user.refuses(&import, &refused);
        let model = trained().join("model").display().to_string();
        let export = format!("export {model} --format ulmfit --storage int8 --out k.txt");
        user.refuses(&export, &refused);
        user.refuses(
            &format!("evaluate {model} reviews.csv --text-column body --label-column stars --report k.txt"),
            &refused,
        );
        user.refuses(
            "lr-find reviews.csv --text-column body --out k.txt",
            &refused,
        );
        for line in [import, export] {
            user.write("k.txt");
            user.run(&format!("{line} --force")).done();
            assert_ne!(fs::read(user.at("k.txt")).unwrap(), b"mine");
        }
        let names = user.files().into_iter().map(|(path, _)| path);
        let hidden = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with('.');
        assert!(
            !names.into_iter().any(|path| hidden(&path)),
            "nothing is left beside"
        );
    }
}

#[test]
fn links_pipes_devices_and_folders_are_never_replaced() {
    for user in User::all() {
        let made = |line: &[&str]| {
            let mut command = Command::new(line[0]);
            command.current_dir(user.path()).args(&line[1..]);
            command.status().is_ok_and(|status| status.success())
        };
        assert!(made(&["mkfifo", "pipe"]));
        user.write("target");
        symlink("target", user.at("link")).unwrap();
        symlink("nowhere", user.at("dangling")).unwrap();
        fs::create_dir(user.at("folder")).unwrap();
        let mut all = vec![
            ("pipe", "found a pipe"),
            ("link", "found a link to target"),
            ("dangling", "found a link to nowhere"),
            ("folder", "found a folder"),
        ];
        // In the test's own folder; not every machine lets root make one.
        if made(&["mknod", "device", "c", "1", "3"]) {
            all.push(("device", "found a device"));
        } else {
            eprintln!("skipped: no device can be made here");
        }
        let model = trained().join("model").display().to_string();
        for (name, found) in all {
            for line in [
                format!("{TRAIN} --out {name} --force"),
                format!("{TRAIN} --report {name} --force"),
                format!("export {model} --format ulmfit --out {name} --force"),
            ] {
                user.refuses(&line, &["expected a regular file or nothing", found]);
            }
        }
        let kind = |name: &str| fs::symlink_metadata(user.at(name)).unwrap().file_type();
        assert!(kind("pipe").is_fifo() && kind("link").is_symlink());
        user.refuses(
            &format!("{TRAIN} --out new/ --force"),
            &["new/: expected the name of a file"],
        );
        user.refuses(
            &format!("{TRAIN} --out .."),
            &["expected the name of a file"],
        );
        user.refuses(
            &format!("{TRAIN} --checkpoints target"),
            &["--checkpoints target: expected a folder or nothing"],
        );
        user.refuses(
            &format!("{TRAIN} --out run --checkpoints ./run"),
            &["--checkpoints ./run: expected a folder of its own"],
        );
    }
}

#[test]
fn the_same_run_can_be_run_again() {
    for user in User::all() {
        let line = format!("{TRAIN} --out again --report page.html");
        user.run(&line).done();
        let model = fs::read(user.at("again")).unwrap();
        user.run(&format!("{line} --force")).done();
        assert!(fs::read(user.at("again")).unwrap() == model);
        assert!(!user.at("again.checkpoints").exists());
        // An ordinary file: who may read others of the user may read it.
        let mode = |name: &str| fs::metadata(user.at(name)).unwrap().permissions().mode();
        assert_eq!(mode("again"), mode("page.html"));
        assert_eq!(mode("again") & 0o400, 0o400);
    }
}

#[test]
fn what_another_user_owns_is_refused_before_the_work() {
    let Some(user) = User::all().pop().filter(|user| user.id.is_some()) else {
        return;
    };
    // As in /tmp: all may write, none may replace what is another's.
    let shared = user.at("shared");
    fs::create_dir(&shared).unwrap();
    user.own();
    chown(&shared, Some(0), Some(0)).unwrap();
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o1777)).unwrap();
    let theirs = shared.join("model");
    fs::write(&theirs, "theirs").unwrap();
    let run = |line: &str| {
        let mut command = command(user.path(), line);
        command.uid(NOBODY).gid(NOBODY);
        let output = command.output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, said) = run(&format!("{TRAIN} --out shared/model --force"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("it is another user's"), "{said}");
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o755)).unwrap();
    for out in ["shared/model --force", "shared/new"] {
        let (code, said) = run(&format!("{TRAIN} --out {out}"));
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("cannot write shared/") && said.contains("Permission denied"),
            "{said}"
        );
    }
    assert_eq!(fs::read(theirs).unwrap(), b"theirs");
}
