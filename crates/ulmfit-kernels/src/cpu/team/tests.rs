//! Every number once, whoever takes it, and panics.

use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn pool_of<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build().expect("a pool").install(work)
}

#[test]
fn every_number_is_taken_once_in_each_of_many_steps() {
    for threads in [1, 2, 5] {
        for count in [0, 1, 2, 7, 24] {
            let taken: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
            pool_of(threads, || {
                Team::run(|team| {
                    for step in 0..500 {
                        team.for_each(count, |n| {
                            assert_eq!(taken[n].fetch_add(1, Ordering::Relaxed), step);
                        });
                    }
                });
            });
            for taken in taken {
                assert_eq!(taken.into_inner(), 500);
            }
        }
    }
}

#[test]
fn teams_of_several_callers_share_a_pool() {
    let sum = AtomicUsize::new(0);
    pool_of(2, || {
        rayon::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|_| {
                    Team::run(|team| {
                        for _ in 0..50 {
                            team.for_each(9, |n| {
                                sum.fetch_add(n, Ordering::Relaxed);
                            });
                        }
                    });
                });
            }
        });
    });
    assert_eq!(sum.into_inner(), 8 * 50 * 36);
}

#[test]
fn a_step_within_a_step_is_refused() {
    let within = catch_unwind(|| Team::run(|team| team.for_each(2, |_| team.for_each(1, |_| {}))));
    assert!(within.is_err());
}

#[test]
fn a_panic_in_any_call_comes_out_and_the_others_are_not_left_waiting() {
    for threads in [1, 3] {
        for bad in [0, 5, 8] {
            let out = pool_of(threads, || {
                catch_unwind(AssertUnwindSafe(|| {
                    Team::run(|team| team.for_each(9, |n| assert_ne!(n, bad)));
                }))
            });
            assert!(out.is_err(), "{threads} threads, number {bad}");
        }
    }
}
