//! The service without HTTP: batches, limits, and a model that changes.

use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use ulmfit::prelude::*;
use ulmfit_serve::{Answer, Error, Model, Request, Service, ServiceConfig};

use crate::support::{Same, classifier, probabilities, texts, two_classes};

fn model(seed: u64) -> Model {
    Model::new(&[two_classes(seed)], &Device::default()).unwrap()
}

/// A service that gathers for so long that a test can act meanwhile.
fn slow(wait_ms: u64) -> Service {
    let config = ServiceConfig::default().with_workers(1).with_queue(4);
    Service::new(
        model(1),
        config.with_batch_wait(Duration::from_millis(wait_ms)),
    )
    .unwrap()
}

#[test]
fn answers_are_the_librarys_whatever_else_is_asked() {
    let classifier = two_classes(1);
    let predictor = Predictor::new(&classifier).unwrap();
    let same = Same::of(&predictor);
    let texts = texts(160);
    let wanted: Vec<Prediction> = texts.iter().map(|text| predictor.predict(text)).collect();
    for (max_batch, workers) in [(1, 1), (7, 2), (32, 3)] {
        let config = ServiceConfig::default()
            .with_max_batch(max_batch)
            .with_workers(workers);
        let model = Model::new(std::slice::from_ref(&classifier), &Device::default()).unwrap();
        let service = Service::new(model, config).unwrap();
        let start = Barrier::new(16);
        thread::scope(|scope| {
            for client in 0..16 {
                let (service, start, texts, wanted, same) =
                    (&service, &start, &texts, &wanted, &same);
                scope.spawn(move || {
                    start.wait();
                    // Each client's own requests, of one to three texts.
                    let rows: Vec<usize> = (client..texts.len()).step_by(16).collect();
                    for rows in rows.chunks(1 + client % 3) {
                        let asked = rows.iter().map(|&row| texts[row].as_str());
                        let reply = service.predict(Request::new(asked)).unwrap();
                        assert_eq!(reply.answers.len(), rows.len());
                        for (answer, &row) in reply.answers.iter().zip(rows) {
                            let wanted = &wanted[row].probabilities;
                            assert!(same.holds(probabilities(answer), wanted), "text {row}");
                        }
                    }
                });
            }
        });
        let counted = format!("ulmfit_batch_texts_sum {}", texts.len());
        assert!(service.metrics().lines().any(|line| line == counted));
    }
}

#[test]
fn texts_that_come_together_are_evaluated_together() {
    let service = slow(150);
    let (send, receive) = mpsc::channel();
    for text in ["one", "two", "three"] {
        let send = send.clone();
        let receiver = move |reply| send.send(reply).unwrap();
        service.submit(Request::new([text]), receiver).unwrap();
    }
    assert_eq!(service.queued(), 3);
    for _ in 0..3 {
        receive.recv().unwrap().unwrap();
    }
    assert!(service.metrics().contains("ulmfit_batch_texts_count 1\n"));
}

#[test]
fn words_weigh_what_the_library_says() {
    let classifier = two_classes(2);
    let predictor = Predictor::new(&classifier).unwrap();
    let model = Model::new(&[classifier], &Device::default()).unwrap();
    let service = Service::new(model, ServiceConfig::default()).unwrap();
    let text = "I loved it, and the music";
    let reply = service.predict(Request::new([text]).with_words()).unwrap();
    let Answer::Class { words, .. } = &reply.answers[0] else {
        panic!("a class");
    };
    assert_eq!(words.as_ref().unwrap(), &predictor.attribution(text, None));
    let reply = service.predict(Request::new([text])).unwrap();
    assert!(matches!(
        &reply.answers[0],
        Answer::Class { words: None, .. }
    ));
}

#[test]
fn two_models_answer_with_their_mean() {
    let names = ["pos", "neg"];
    let both = [two_classes(1), classifier(Task::SingleLabel, &names, 2)];
    let members = both
        .iter()
        .map(|one| Predictor::new(one).unwrap())
        .collect();
    let mean = Ensemble::new(members).unwrap();
    let model = Model::new(&both, &Device::default()).unwrap();
    let service = Service::new(model, ServiceConfig::default()).unwrap();
    let text = "never a dull plot";
    let reply = service.predict(Request::new([text]).with_words()).unwrap();
    let Answer::Class { prediction, words } = &reply.answers[0] else {
        panic!("a class");
    };
    assert_eq!(*prediction, mean.predict(text));
    let words = words.as_ref().unwrap();
    let largest = words
        .iter()
        .fold(0.0, |max: f32, word| max.max(word.weight));
    assert_eq!((words.len(), largest), (4, 1.0));
}

#[test]
fn a_regression_answers_with_numbers_and_has_no_words() {
    let task = Task::Regression { range: None };
    let regression = classifier(task, &["stars"], 3);
    let wanted = Regressor::new(&regression).unwrap().predict("a film");
    let model = Model::new(&[regression], &Device::default()).unwrap();
    let service = Service::new(model, ServiceConfig::default()).unwrap();
    let reply = service.predict(Request::new(["a film"])).unwrap();
    assert_eq!(reply.answers, [Answer::Numbers(wanted.clone())]);
    assert_eq!(reply.to_json()[0]["values"]["stars"], f64::from(wanted[0]));
    let words = service.predict(Request::new(["a film"]).with_words());
    assert!(matches!(words, Err(Error::NoWords)));
}

#[test]
fn a_full_queue_refuses_and_an_empty_request_is_answered() {
    let service = slow(200);
    let ask = |n: usize| service.submit(Request::new(texts(n)), |_| {});
    assert!(matches!(
        ask(5),
        Err(Error::TooManyTexts {
            texts: 5,
            capacity: 4
        })
    ));
    ask(3).unwrap();
    let refused = ask(2).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::Busy {
                texts: 2,
                queued: 3,
                capacity: 4
            }
        ),
        "{refused}"
    );
    ask(1).unwrap();
    let nothing = service.predict(Request::default()).unwrap();
    assert!(nothing.answers.is_empty());
}

#[test]
fn what_nobody_waits_for_is_left_undone() {
    let service = slow(120);
    let (send, receive) = mpsc::channel();
    let given_up = send.clone();
    let ticket = service.submit(Request::new(["a"]), move |reply| {
        given_up.send(reply).unwrap()
    });
    ticket.unwrap().give_up();
    let soon = Instant::now() + Duration::from_millis(20);
    let late = Request::new(["b"]).with_deadline(soon);
    service
        .submit(late, move |reply| send.send(reply).unwrap())
        .unwrap();
    for _ in 0..2 {
        assert!(matches!(receive.recv().unwrap(), Err(Error::Late)));
    }
    assert!(service.metrics().contains("ulmfit_batch_texts_count 0\n"));
}

#[test]
fn a_receiver_that_panics_harms_no_one() {
    let service = slow(1);
    service
        .submit(Request::new(["a"]), |_| panic!("a fault of the caller"))
        .unwrap();
    assert_eq!(
        service.predict(Request::new(["b"])).unwrap().answers.len(),
        1
    );
}

#[test]
fn dropping_the_service_answers_what_it_accepted() {
    let service = slow(5_000);
    let (send, receive) = mpsc::channel();
    for _ in 0..2 {
        let send = send.clone();
        let receiver = move |reply| send.send(reply).unwrap();
        service.submit(Request::new(["a", "b"]), receiver).unwrap();
    }
    let started = Instant::now();
    drop(service);
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "it did not wait for company"
    );
    assert_eq!(receive.try_iter().filter(Result::is_ok).count(), 2);
}

#[test]
fn a_reload_drops_no_request_and_mixes_no_models() {
    let folder = tempfile::tempdir().unwrap();
    let (file, beside) = (
        folder.path().join("m.safetensors"),
        folder.path().join("new"),
    );
    let versions = [two_classes(1), two_classes(9)];
    let predictors = versions.each_ref().map(|one| Predictor::new(one).unwrap());
    let same = Same::of(&predictors[0]);
    versions[0].save(&file).unwrap();
    let config = ServiceConfig::default().with_max_batch(8);
    let service = Service::open(&[&file], &Device::default(), config).unwrap();
    let texts = texts(12);
    let wanted = predictors.each_ref().map(|p| p.predict_all(&texts));
    assert!(!same.holds(&wanted[0][3].probabilities, &wanted[1][3].probabilities));
    let done = std::sync::atomic::AtomicBool::new(false);
    let answered = thread::scope(|scope| {
        let clients: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    let mut answered = [0, 0];
                    while !done.load(std::sync::atomic::Ordering::Relaxed) {
                        // More texts than a batch holds: both halves must be of one model.
                        let reply = service.predict(Request::new(texts.clone())).unwrap();
                        let by = |wanted: &[Prediction]| {
                            let pairs = reply.answers.iter().zip(wanted);
                            let mut pairs =
                                pairs.map(|(a, w)| (probabilities(a), &w.probabilities));
                            pairs.all(|(a, w)| same.holds(a, w))
                        };
                        let which = (0..2)
                            .find(|&v| by(&wanted[v]))
                            .expect("one model's answers");
                        answered[which] += 1;
                    }
                    answered
                })
            })
            .collect();
        for turn in 1..=6 {
            thread::sleep(Duration::from_millis(20));
            versions[turn % 2].save(&beside).unwrap();
            std::fs::rename(&beside, &file).unwrap();
            service.reload().unwrap();
        }
        thread::sleep(Duration::from_millis(20));
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        let counts = clients.into_iter().map(|client| client.join().unwrap());
        counts.fold([0, 0], |sum, one| [sum[0] + one[0], sum[1] + one[1]])
    });
    assert!(answered[0] > 0 && answered[1] > 0, "{answered:?}");
    assert!(
        service
            .metrics()
            .contains("ulmfit_model_loads_total{result=\"ok\"} 7\n")
    );
}

#[test]
fn a_broken_new_file_keeps_the_old_model() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.safetensors");
    two_classes(1).save(&file).unwrap();
    let service = Service::open(&[&file], &Device::default(), ServiceConfig::default()).unwrap();
    let before = service.predict(Request::new(["a film"])).unwrap();
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let error = service.reload().unwrap_err().to_string();
    assert!(error.contains("m.safetensors"), "{error}");
    std::fs::remove_file(&file).unwrap();
    service.reload().unwrap_err();
    let after = service.predict(Request::new(["a film"])).unwrap();
    assert_eq!(before.answers, after.answers);
    assert!(Arc::ptr_eq(&before.model, &after.model));
    assert!(
        service
            .metrics()
            .contains("ulmfit_model_loads_total{result=\"error\"} 2\n")
    );

    let in_memory = Service::new(model(1), ServiceConfig::default()).unwrap();
    assert!(matches!(in_memory.reload(), Err(Error::NoFiles)));
    in_memory.replace(model(2)).unwrap();
}

#[test]
fn settings_that_cannot_be_are_named() {
    let none = ServiceConfig::default();
    let long = Duration::from_secs(60);
    for (config, field) in [
        (none.with_max_batch(0), "max_batch"),
        (none.with_queue(0), "queue"),
        (none.with_workers(0), "workers"),
        (none.with_batch_wait(long), "batch_wait"),
    ] {
        let error = Service::new(model(1), config).unwrap_err().to_string();
        assert!(error.contains(field), "{error}");
    }
}
