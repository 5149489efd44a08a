//! One-cycle: cosine up to the peak, cosine down far below the start, momentum the other way round.
//!
//! fastai v1 `fit_one_cycle` and fastai v2 `fit_one_cycle`, which differ in where a step lies in
//! its phase (see [`CyclePhases`]) and in the defaults. After Smith, "A disciplined approach to
//! neural network hyper-parameters", with cosines for his straight lines. The ULMFiT paper uses
//! [`SlantedTriangular`](super::SlantedTriangular) instead.

use super::shapes::{cosine, fraction, ratio};
use super::{Hyper, ScheduleError, require_divisor, require_momentum, require_share};
use serde::{Deserialize, Serialize};

/// How the run is cut into the rising and the falling phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CyclePhases {
    /// By the position `step / n_steps`, so the peak may fall between two steps (fastai v2).
    #[default]
    Fraction,
    /// By whole steps: `floor(n_steps * pct_start)` up and the rest down; a phase has at least one
    /// (fastai v1).
    WholeSteps,
}

/// One-cycle schedule.
///
/// | field | default | range | why change it |
/// |---|---|---|---|
/// | `pct_start` | .25 (v2), .3 (v1) | 0 to 1 | .99 rises to the end, as `fine_tune` while frozen |
/// | `div` | 25 | above 0 | 5 starts higher, for the unfrozen part of `fine_tune` |
/// | `div_final` | 1e5 (v2), 2.5e5 (v1) | above 0 | smaller ends on a rate that still learns |
/// | `momentum` | .8, .7, .8 | 0 to below 1 | .95, .85, .95 is what fastai uses outside text |
/// | `phases` | by fraction | | whole steps reproduce v1 |
///
/// Deviation: fastai v2 keeps the position in 32-bit floats, we in 64-bit; the rates differ by less
/// than 1e-7 of the peak.
///
/// ```
/// use ulmfit_train::schedule::OneCycle;
///
/// let schedule = OneCycle::default();
/// let start = schedule.at(0, 8);
/// let peak = schedule.at(2, 8);
/// assert_eq!((start.rate, start.momentum), (0.04, 0.8));
/// assert_eq!(peak.rate, 1.0);
/// assert!((peak.momentum - 0.7).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OneCycle {
    /// Share of the run that rises.
    pub pct_start: f64,
    /// The run starts at the peak rate divided by this.
    pub div: f64,
    /// The run ends at the peak rate divided by this.
    pub div_final: f64,
    /// Momentum at the start, at the peak rate and at the end.
    pub momentum: [f64; 3],
    /// How the phases are cut.
    pub phases: CyclePhases,
}

impl Default for OneCycle {
    /// fastai v2 with the momentum of its text learners (.8, .7, .8).
    fn default() -> Self {
        Self {
            pct_start: 0.25,
            div: 25.0,
            div_final: 1e5,
            momentum: [0.8, 0.7, 0.8],
            phases: CyclePhases::Fraction,
        }
    }
}

impl OneCycle {
    /// Returns the schedule of fastai v1: 30 % rising, phases of whole steps, end at peak /
    /// 250,000.
    ///
    /// Its momentum is v1's own default (.95, .85, .95); the ULMFiT notebooks of that time pass .8,
    /// .7.
    ///
    /// ```
    /// use ulmfit_train::schedule::OneCycle;
    ///
    /// // 7 steps: floor(2.1) = 2 rise, so the peak is met at step 2 exactly.
    /// assert_eq!(OneCycle::fastai_v1().at(2, 7).rate, 1.0);
    /// ```
    #[must_use]
    pub fn fastai_v1() -> Self {
        Self {
            pct_start: 0.3,
            div: 25.0,
            div_final: 25.0 * 1e4,
            momentum: [0.95, 0.85, 0.95],
            phases: CyclePhases::WholeSteps,
        }
    }

    /// Sets the share of the run that rises.
    #[must_use]
    pub fn with_pct_start(self, pct_start: f64) -> Self {
        Self { pct_start, ..self }
    }

    /// Sets the divisor of the first rate.
    #[must_use]
    pub fn with_div(self, div: f64) -> Self {
        Self { div, ..self }
    }

    /// Sets the momentum at the start, at the peak and at the end.
    #[must_use]
    pub fn with_momentum(self, momentum: [f64; 3]) -> Self {
        Self { momentum, ..self }
    }

    /// Whether `step` still rises, and how much of its phase lies behind it.
    fn phase(&self, step: usize, n_steps: usize) -> (bool, f64) {
        match self.phases {
            CyclePhases::Fraction => {
                let done = fraction(step, n_steps);
                if done < self.pct_start {
                    (true, done / self.pct_start)
                } else {
                    (false, ratio(done - self.pct_start, 1.0 - self.pct_start))
                }
            }
            CyclePhases::WholeSteps => {
                let n_steps = n_steps.max(1);
                let n_rising = (n_steps as f64 * self.pct_start) as usize;
                let n_falling = n_steps.saturating_sub(n_rising).max(1);
                let n_rising = n_rising.max(1);
                if step < n_rising {
                    (true, step as f64 / n_rising as f64)
                } else {
                    (false, fraction(step - n_rising, n_falling))
                }
            }
        }
    }
}

impl OneCycle {
    /// Returns its name in recipes.
    pub(super) fn name(&self) -> &'static str {
        match self.phases {
            CyclePhases::Fraction => "one_cycle",
            CyclePhases::WholeSteps => "one_cycle_v1",
        }
    }

    /// Returns the rate factor and the momentum for `step`, from 0, of a run of `n_steps`.
    pub fn at(&self, step: usize, n_steps: usize) -> Hyper {
        let [start, low, end] = self.momentum;
        match self.phase(step, n_steps) {
            (true, position) => Hyper {
                rate: cosine(1.0 / self.div, 1.0, position),
                momentum: cosine(start, low, position),
            },
            (false, position) => Hyper {
                rate: cosine(1.0, 1.0 / self.div_final, position),
                momentum: cosine(low, end, position),
            },
        }
    }

    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        let name = self.name();
        require_share(name, "pct_start", self.pct_start)?;
        require_divisor(name, "div", self.div)?;
        require_divisor(name, "div_final", self.div_final)?;
        require_momentum(name, &self.momentum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(schedule: OneCycle, n_steps: usize) -> Vec<f64> {
        (0..n_steps)
            .map(|step| schedule.at(step, n_steps).rate)
            .collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-7, "{found:?} against {expected:?}");
        }
    }

    #[test]
    fn eight_steps_of_fastai_v2() {
        // Peak 1e-2 gave .0004 .0052 .01 .00933013 .00750002 .00500005 .00250007 .00066997.
        let expected = [
            0.04, 0.52, 1.0, 0.933013, 0.750002, 0.500005, 0.250007, 0.066997,
        ];
        for (a, b) in rates(OneCycle::default(), 8).iter().zip(expected) {
            assert!((a - b).abs() < 1e-6, "{a} against {b}");
        }
    }

    #[test]
    fn seven_steps_of_fastai_v1() {
        // floor(7 * .3) = 2 up and 5 down. Up: .04 + .96 * (1 - cos(pi/2)) / 2 = .52 at step 1.
        // Down by cos(pi k/5): 1, .904508, .654508, .345492, .095492 of the way, end 4e-6 added on
        // the rest.
        let falling = [
            1.0,
            0.904_508_497,
            0.654_508_497,
            0.345_491_503,
            0.095_491_503,
        ];
        let mut expected = vec![0.04, 0.52];
        expected.extend(falling.map(|p: f64| 4e-6 + p * (1.0 - 4e-6)));
        assert_close(&rates(OneCycle::fastai_v1(), 7), &expected);
    }

    #[test]
    fn a_phase_of_no_steps_is_skipped_or_lasts_one() {
        assert_eq!(OneCycle::default().with_pct_start(0.0).at(0, 4).rate, 1.0);
        assert!(OneCycle::default().with_pct_start(1.0).at(3, 4).rate < 1.0);
        // v1 with 3 steps: floor(.9) = 0 becomes one step up, then 3 counted down.
        let v1 = OneCycle::fastai_v1();
        assert_close(&rates(v1, 3), &[0.04, 1.0, 4e-6 + 0.75 * (1.0 - 4e-6)]);
    }

    #[test]
    fn the_end_is_the_peak_over_div_final() {
        for schedule in [OneCycle::default(), OneCycle::fastai_v1()] {
            assert!((schedule.at(90, 90).rate * schedule.div_final - 1.0).abs() < 1e-9);
            assert!((schedule.at(90, 90).momentum - schedule.momentum[2]).abs() < 1e-12);
        }
    }

    #[test]
    fn a_stored_schedule_may_leave_out_defaults_but_not_invent_fields() {
        let read = serde_json::from_str::<OneCycle>;
        let stored = r#"{"div": 5.0, "phases": "whole_steps"}"#;
        let expected = OneCycle {
            phases: CyclePhases::WholeSteps,
            ..OneCycle::default().with_div(5.0)
        };
        assert!(read(stored).is_ok_and(|found| found == expected));
        assert!(read(r#"{"dif": 5.0}"#).is_err());
    }

    #[test]
    fn bad_fields_are_named() {
        let checks = [
            (OneCycle::default().with_div(0.0), "div is 0"),
            (
                OneCycle {
                    div_final: f64::NAN,
                    ..OneCycle::default()
                },
                "div_final is NaN",
            ),
            (OneCycle::default().with_pct_start(1.5), "pct_start is 1.5"),
            (
                OneCycle::default().with_momentum([0.9, 1.0, 0.9]),
                "momentum is 1",
            ),
        ];
        for (schedule, expected) in checks {
            let message = schedule.check().err().map(|error| error.to_string());
            assert!(
                message.as_ref().is_some_and(|m| m.contains(expected)),
                "{message:?}"
            );
        }
    }
}
