//! What a worker does with a batch.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::answer::{Answer, Words};
use crate::error::Error;
use crate::pending::Pending;
use crate::queue::{Item, Work};
use crate::service::Shared;

/// A text that is longer than so many times the shortest of its batch is evaluated behind it, with its like.
const LONGER: usize = 8;

/// Below this length, in bytes, texts count as alike.
const SHORT: usize = 512;

/// Evaluates batch after batch until the queue is closed and empty.
pub(crate) fn run(shared: &Shared) {
    while let Some(work) = shared.queue.next() {
        match work {
            Work::Short(batch) => answer(shared, batch, &|| {}),
            Work::Long(batch) => {
                // Short ones pass before it, between its windows and between its texts.
                let let_pass = || {
                    while let Some(batch) = shared.queue.overdue() {
                        answer(shared, batch, &|| {});
                    }
                };
                let_pass();
                answer(shared, batch, &let_pass);
                shared.queue.long_done();
            }
        }
    }
}

/// Answers a batch; `between` is called between two windows of it.
fn answer(shared: &Shared, mut batch: Vec<Item>, between: &dyn Fn()) {
    batch.retain(|item| item.request.is_wanted() && is_within(shared, &item.request));
    // The short ones are answered before the long ones begin.
    batch.sort_by_key(|item| item.text().len());
    for alike in split(&batch) {
        evaluate(shared, alike, between);
    }
}

/// Whether a request has no more tokens than one may have; one that has is told so.
fn is_within(shared: &Shared, request: &Pending) -> bool {
    let limit = shared.config.max_tokens;
    let counted = request.tokens_once(|| {
        let texts = request.texts.iter();
        // A capital letter is two tokens; marks stand at both ends.
        let most: usize = texts.clone().map(|text| 2 * text.len() + 16).sum();
        if most <= limit {
            return most;
        }
        let listed = request.words == Words::Weighed;
        let mut tokens = 0;
        for text in texts {
            match guarded(|| request.model.tokens(text, listed)) {
                Ok(more) => tokens += more,
                // Whoever evaluates the text says so.
                Err(_) => break,
            }
            if tokens > limit || !request.is_wanted() {
                break;
            }
        }
        tokens
    });
    if counted > limit {
        request.fail(Error::TooManyTokens {
            tokens: counted,
            limit,
        });
    }
    counted <= limit && request.is_wanted()
}

/// Texts sorted by length, cut where one is much longer than the first of its part.
fn split(sorted: &[Item]) -> Vec<&[Item]> {
    let lengths: Vec<usize> = sorted.iter().map(|item| item.text().len()).collect();
    cuts(&lengths).into_iter().map(|r| &sorted[r]).collect()
}

fn cuts(lengths: &[usize]) -> Vec<std::ops::Range<usize>> {
    let (mut parts, mut from) = (Vec::new(), 0);
    for to in 1..=lengths.len() {
        let limit = LONGER * lengths[from].max(SHORT);
        if to == lengths.len() || lengths[to] > limit {
            parts.push(from..to);
            from = to;
        }
    }
    parts
}

fn evaluate(shared: &Shared, items: &[Item], between: &dyn Fn()) {
    let Some(first) = items.first() else { return };
    let model = &first.request.model;
    let texts: Vec<&str> = items.iter().map(Item::text).collect();
    // The work goes on as long as one of its answers is wanted; a request that is late is told so here.
    let wanted = || {
        between();
        let mut wanted = false;
        for item in items {
            wanted |= item.request.is_wanted();
        }
        wanted
    };
    let answers = match guarded(|| model.answers_while(&texts, &wanted)) {
        Ok(Some(answers)) => answers,
        Ok(None) => return,
        // One text is at fault; the others are to have their answers.
        Err(_) if items.len() > 1 => {
            let alone = items.chunks(1);
            return alone.for_each(|item| evaluate(shared, item, between));
        }
        Err(panic) => return first.request.fail(Error::Panic(panic)),
    };
    shared.metrics.batch(items.len());
    let mut weighed = Vec::new();
    for (item, answer) in items.iter().zip(answers) {
        match item.request.words {
            Words::Without => item.request.answer(item.index, answer),
            Words::Weighed => weighed.push((item, answer)),
        }
    }
    for (item, answer) in weighed {
        let Answer::Class { prediction, .. } = answer else {
            item.request.answer(item.index, answer);
            continue;
        };
        let wanted = || {
            between();
            item.request.is_wanted()
        };
        if !wanted() {
            continue;
        }
        match guarded(|| model.words_while(item.text(), &prediction.label, &wanted)) {
            Ok(None) => {}
            Ok(words) => {
                let answer = Answer::Class { prediction, words };
                item.request.answer(item.index, answer);
            }
            Err(panic) => item.request.fail(Error::Panic(panic)),
        }
    }
}

/// The result of `work`, or the message of its panic.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // The model holds no state that a panic could leave half changed.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| message(&*panic))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::cuts;

    #[test]
    fn a_text_much_longer_than_the_shortest_is_evaluated_behind_it() {
        assert!(cuts(&[]).is_empty());
        assert_eq!(cuts(&[0, 10, 4096, 4097]), [0..3, 3..4]);
        assert_eq!(cuts(&[1000, 8000, 8001, 64_008]), [0..2, 2..4]);
    }
}
