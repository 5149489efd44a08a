//! The sizes and the kind of an encoder: plain data.

use serde::{Deserialize, Serialize};
use ulmfit_text::Special;

use crate::error::{Error, Result};

/// Which way the layers of an encoder read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Directions {
    /// From the first token to the last.
    #[default]
    Forward,
    /// Both ways, each with half of a layer's width. For classifiers only: a language model would see the tokens that
    /// it is asked for.
    Both,
}

impl Directions {
    /// How many there are: 1 or 2.
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Forward => 1,
            Self::Both => 2,
        }
    }

    /// Refuses what no language model can have.
    pub(crate) fn require_forward(self) -> Result<()> {
        match self {
            Self::Forward => Ok(()),
            Self::Both => Err(Error::config(
                "directions",
                "`forward`: a language model must not see the tokens that it predicts",
                "`both`, which is for classifiers",
            )),
        }
    }

    /// Whether this is what serde fills in: left out of files, so that they are those of versions without the field.
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What an encoder's layers are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Long short-term memory (Hochreiter & Schmidhuber 1997), with weight dropout: AWD-LSTM.
    #[default]
    Lstm,
    /// Quasi-recurrent (Bradbury et al. 2017): its gates read inputs alone, so that all steps are computed at once.
    /// The second choice of AWD-LSTM's scripts, fastai v1 (`qrnn`) and MultiFiT, there with 4 layers of 1550 to 1552.
    Qrnn,
}

impl Cell {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What one recurrence of an encoder reads and writes: a layer has one for each direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecurrenceShape {
    /// The width of its input (`I`).
    pub(crate) input: usize,
    /// The width of its output (`H`).
    pub(crate) hidden: usize,
    pub(crate) cell: Cell,
    /// Whether a QRNN reads the input before, too: in the lowest layer (fastai v1's windows of 2 and 1).
    pub(crate) looks_back: bool,
}

/// The most weights that an encoder may have: beyond, a machine ends the process where it should refuse the sizes.
const MOST_WEIGHTS: f64 = 2e9;

/// The sizes of an encoder.
///
/// | field | default | source |
/// |---|---|---|
/// | `embed` | 400 | paper section 4; all fastai generations |
/// | `hidden` | 1152 | fastai v1 (from 1.0.53) and v2; the paper has 1150 |
/// | `layers` | 3 | paper section 4 |
/// | `cell` | LSTM | paper section 4; all fastai generations |
/// | `directions` | forward | all fastai generations (`bidir`) |
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwdLstmConfig {
    /// Words in the vocabulary (`V`).
    pub vocabulary: usize,
    /// Width of the embedding and of the last layer (`E`).
    pub embed: usize,
    /// Width of the other layers (`H`).
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
    /// What they are made of; absent from files of an LSTM.
    #[serde(default, skip_serializing_if = "Cell::is_default")]
    pub cell: Cell,
    /// Which way they read; absent from files of encoders that read forward only.
    #[serde(default, skip_serializing_if = "Directions::is_default")]
    pub directions: Directions,
}

impl AwdLstmConfig {
    /// The standard sizes, 400 / 1152 / 3, for a vocabulary of `vocabulary` words.
    pub fn new(vocabulary: usize) -> Self {
        Self {
            vocabulary,
            embed: 400,
            hidden: 1152,
            layers: 3,
            cell: Cell::Lstm,
            directions: Directions::Forward,
        }
    }

    /// Other sizes: embedding width, hidden width, number of layers.
    ///
    /// ```
    /// use ulmfit_model::AwdLstmConfig;
    /// assert_eq!(AwdLstmConfig::new(100).with_sizes(64, 128, 2).widths(), [128, 64]);
    /// ```
    #[must_use]
    pub fn with_sizes(self, embed: usize, hidden: usize, layers: usize) -> Self {
        Self {
            embed,
            hidden,
            layers,
            ..self
        }
    }

    /// Another cell.
    ///
    /// ```
    /// use ulmfit_model::{AwdLstmConfig, Cell};
    /// let multifit = AwdLstmConfig::new(15_000).with_sizes(400, 1552, 4).with_cell(Cell::Qrnn);
    /// assert_eq!(multifit.widths(), [1552, 1552, 1552, 400]);
    /// ```
    #[must_use]
    pub fn with_cell(self, cell: Cell) -> Self {
        Self { cell, ..self }
    }

    /// Other directions.
    ///
    /// ```
    /// use ulmfit_model::{AwdLstmConfig, Directions};
    /// assert!(AwdLstmConfig::new(100).with_directions(Directions::Both).validate().is_ok());
    /// ```
    #[must_use]
    pub fn with_directions(self, directions: Directions) -> Self {
        Self { directions, ..self }
    }

    /// The width of each layer's output, bottom first: the last is as wide as the embedding. Two directions share it.
    pub fn widths(&self) -> Vec<usize> {
        let mut widths = vec![self.hidden; self.layers];
        if let Some(last) = widths.last_mut() {
            *last = self.embed;
        }
        widths
    }

    /// Checks that no size is zero, the vocabulary holds the special tokens, two directions can share the widths, and
    /// there are no more than two billion weights, which is 8 GB.
    ///
    /// # Errors
    /// [`Error::Config`] with the field, what was expected and what was found.
    pub fn validate(&self) -> Result<()> {
        let specials = Special::ALL.len();
        let fields = [
            ("vocabulary", self.vocabulary, specials),
            ("embed", self.embed, 1),
            ("hidden", self.hidden, 1),
            ("layers", self.layers, 1),
        ];
        for (field, found, least) in fields {
            if found < least {
                return Err(Error::config(field, format!("at least {least}"), found));
            }
        }
        if self.weights() > MOST_WEIGHTS {
            let expected = format!("at most {MOST_WEIGHTS:e} weights in the encoder");
            let (weights, sizes) = (self.weights(), [self.embed, self.hidden, self.layers]);
            let [embed, hidden, layers] = sizes;
            let found = format!(
                "{weights:.1e}, of {} words and {embed}/{hidden}/{layers}",
                self.vocabulary
            );
            return Err(Error::config("sizes", expected, found));
        }
        let ways = self.directions.count();
        for (field, found) in [("embed", self.embed), ("hidden", self.hidden)] {
            if found % ways != 0 {
                let expected = "an even number, half of it for each direction";
                return Err(Error::config(field, expected, found));
            }
        }
        Ok(())
    }

    /// The sizes of the smallest encoder of the same structure.
    pub(crate) fn smallest(&self) -> Self {
        Self {
            vocabulary: Special::ALL.len(),
            ..self.clone().with_sizes(2, 2, self.layers)
        }
    }

    /// About how many weights an LSTM of these sizes has; sizes of any value have room in it.
    fn weights(&self) -> f64 {
        let [vocabulary, embed, hidden, layers] =
            [self.vocabulary, self.embed, self.hidden, self.layers].map(|size| size as f64);
        let layer = |input: f64, output: f64| 4.0 * output * (input + output);
        let layers = match self.layers {
            0 | 1 => layer(embed, embed),
            _ => {
                layer(embed, hidden) + (layers - 2.0) * layer(hidden, hidden) + layer(hidden, embed)
            }
        };
        vocabulary * embed + layers
    }

    /// The recurrence of each layer, bottom first; of two directions, one.
    pub(crate) fn recurrences(&self) -> Vec<RecurrenceShape> {
        let mut input = self.embed;
        let shape = |(index, out): (usize, usize)| {
            let shape = RecurrenceShape {
                input,
                hidden: out / self.directions.count(),
                cell: self.cell,
                looks_back: index == 0,
            };
            input = out;
            shape
        };
        self.widths().into_iter().enumerate().map(shape).collect()
    }
}
