//! A scheduler and two executors on loopback, as a user starts them: the rows of one machine, also when an executor dies,
//! and an error where a machine has another model.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../../ulmfit-datafusion/tests/support/mod.rs"]
mod support;

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::prelude::SessionContext;
use tempfile::TempDir;
use ulmfit::model::Predictor;
use ulmfit::prelude::{Device, Task};
use ulmfit_datafusion::{Model, Models, register, sql};

use support::{model_file, texts};

const FILES: usize = 8;

/// A process that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Cluster {
    folder: TempDir,
    scheduler_port: u16,
    scheduler: Running,
    executors: Vec<Running>,
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn command(args: &[&str], log: &Path) -> Running {
    let log = File::create(log).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_ulmfit-ballista"))
        .args(args)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    Running(child)
}

impl Cluster {
    /// One executor for each of `models`; scheduler and client have the first.
    fn start(folder: TempDir, models: [&Path; 2], rows_a_file: usize) -> Self {
        write_table(&folder.path().join("table"), rows_a_file);
        let scheduler_port = free_port();
        let model = |path: &Path| format!("stars={}", path.display());
        let bind = format!("127.0.0.1:{scheduler_port}");
        let args = ["scheduler", "--model", &model(models[0]), "--bind", &bind];
        let scheduler = command(&args, &folder.path().join("scheduler.log"));
        let mut cluster = Self {
            folder,
            scheduler_port,
            scheduler,
            executors: Vec::new(),
        };
        cluster.wait_for_scheduler();
        for (index, path) in models.into_iter().enumerate() {
            let work = cluster.work_dir(index);
            std::fs::create_dir(&work).unwrap();
            let (bind, port) = (
                format!("127.0.0.1:{}", free_port()),
                free_port().to_string(),
            );
            let args = [
                "executor",
                "--model",
                &model(path),
                "--scheduler",
                &cluster.address(),
                "--bind",
                &bind,
                "--grpc-port",
                &port,
                "--work-dir",
                work.to_str().unwrap(),
            ];
            let log = cluster.path(&format!("executor-{index}.log"));
            cluster.executors.push(command(&args, &log));
        }
        cluster
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn work_dir(&self, index: usize) -> PathBuf {
        self.path(&format!("work-{index}"))
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.scheduler_port)
    }

    fn wait_for_scheduler(&mut self) {
        let started = Instant::now();
        while std::net::TcpStream::connect(self.address()).is_err() {
            assert!(
                self.scheduler.0.try_wait().unwrap().is_none(),
                "the scheduler ended"
            );
            assert!(started.elapsed() < Duration::from_secs(60), "no scheduler");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn sql(&self) -> String {
        format!(
            "SELECT n, ulmfit_predict('stars', body).label AS label FROM '{}/' ORDER BY n",
            self.path("table").display()
        )
    }

    fn query(&self, model: &Path) -> Child {
        let model = format!("stars={}", model.display());
        Command::new(env!("CARGO_BIN_EXE_ulmfit-ballista"))
            .args(["sql", "--model", &model, "--format", "csv"])
            .args(["--scheduler", &self.address(), &self.sql()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// What one machine answers.
    async fn expected(&self, model: &Path) -> String {
        let models = Models::new().with("stars", Model::load(model).unwrap());
        let context = SessionContext::new().enable_url_table();
        register(&context, models.unwrap());
        let batches = sql(&context, &self.sql())
            .await
            .unwrap()
            .collect()
            .await
            .unwrap();
        let mut csv = datafusion::arrow::csv::Writer::new(Vec::new());
        for batch in &batches {
            csv.write(batch).unwrap();
        }
        String::from_utf8(csv.into_inner()).unwrap()
    }

    fn logs(&self) -> String {
        let names = ["scheduler.log", "executor-0.log", "executor-1.log"];
        let read = |name| std::fs::read_to_string(self.path(name)).unwrap_or_default();
        names.map(read).join("\n")
    }
}

/// Parquet files of numbered texts, every 50th text null.
fn write_table(folder: &Path, rows_a_file: usize) {
    std::fs::create_dir(folder).unwrap();
    let all = texts(61);
    for file in 0..FILES {
        let rows = file * rows_a_file..(file + 1) * rows_a_file;
        let text = |row: usize| (row % 50 != 0).then(|| format!("{} {row}", all[row % 61]));
        let columns: [(&str, ArrayRef); 2] = [
            (
                "n",
                Arc::new(Int64Array::from_iter_values(rows.clone().map(|n| n as i64))),
            ),
            ("body", Arc::new(rows.map(text).collect::<StringArray>())),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let path = folder.join(format!("part-{file}.parquet"));
        let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None);
        let writer = writer.as_mut().unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
    }
}

/// A model that gives both labels to the texts.
fn undecided(folder: &TempDir) -> PathBuf {
    let texts = texts(61);
    let gives_both = |path: &PathBuf| {
        let found = Predictor::load(path, &Device::default()).unwrap();
        let found = found.predict_all(&texts);
        found.iter().any(|one| one.label != found[0].label)
    };
    let classes = ["neg", "pos"];
    let file = |seed| model_file(folder, "model", Task::SingleLabel, &classes, seed);
    (1..100).map(file).find(gives_both).unwrap()
}

fn ended(query: Child) -> (bool, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = query.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.success(), text(stdout), text(stderr))
}

/// Whether a folder or one below it has a file.
fn has_files(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().any(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => has_files(&entry.path()),
            kind => kind.is_ok(),
        })
    })
}

#[tokio::test]
async fn two_executors_give_the_rows_of_one_machine() {
    let folder = TempDir::new().unwrap();
    let model = undecided(&folder);
    let cluster = Cluster::start(folder, [&model, &model], 500);
    let (success, rows, message) = ended(cluster.query(&model));
    assert!(success, "{message}\n{}", cluster.logs());
    assert_eq!(rows.lines().count(), 1 + FILES * 500);
    assert!(
        rows == cluster.expected(&model).await,
        "other rows than one machine's"
    );
    assert!(
        rows.contains(",neg") && rows.contains(",pos"),
        "both classes"
    );
}

#[tokio::test]
async fn an_executor_that_is_killed_costs_time_but_no_row() {
    let folder = TempDir::new().unwrap();
    let model = undecided(&folder);
    let mut cluster = Cluster::start(folder, [&model, &model], 4_000);
    let mut query = cluster.query(&model);
    let started = Instant::now();
    while !has_files(&cluster.work_dir(0)) {
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "{}",
            cluster.logs()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(query.try_wait().unwrap().is_none(), "the query has ended");
    // In the middle of the query: dropping the process kills it as `kill -9` does.
    cluster.executors.remove(0);
    let (success, rows, message) = ended(query);
    match success {
        true => assert!(rows == cluster.expected(&model).await, "wrong rows"),
        false => assert!(message.contains("error: "), "{message}"),
    }
    println!(
        "after the kill the query {}",
        if success {
            "ended with all rows"
        } else {
            &message
        }
    );
}

#[tokio::test]
async fn a_machine_with_another_model_fails_the_query() {
    let folder = TempDir::new().unwrap();
    let model = model_file(&folder, "model", Task::SingleLabel, &["neg", "pos"], 1);
    let other = model_file(&folder, "other", Task::SingleLabel, &["neg", "pos"], 2);
    let cluster = Cluster::start(folder, [&other, &other], 10);
    let (success, rows, message) = ended(cluster.query(&model));
    assert!(!success && rows.is_empty(), "{rows}");
    for part in [
        "the model `stars` of digest",
        "give every machine the same file",
    ] {
        assert!(message.contains(part), "{message}");
    }
}
