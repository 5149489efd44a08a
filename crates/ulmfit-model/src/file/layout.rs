//! The tensors of a model, the one table of them: where each lies in the module, its name in our files and in fastai's,
//! its shape there, and whether the module holds its transpose. Writer, reader, export and import follow it.

use crate::classify::classifier::ClassifierConfig;
use crate::encoder::awd_lstm_config::{AwdLstmConfig, Cell, Directions, RecurrenceShape};

/// fastai's names of what import looks for by itself.
pub(crate) const EMBEDDING: &str = "encoder.weight";
pub(crate) const DECODER_WEIGHT: &str = "1.decoder.weight";
pub(crate) const DECODER_BIAS: &str = "1.decoder.bias";
pub(crate) const HEAD: &str = "1.layers.";
/// The copy of the embedding by which v0.7 is known.
pub(crate) const OLD_EMBEDDING: &str = "encoder_with_dropout.embed.weight";

/// One tensor.
#[derive(Debug)]
pub(crate) struct TensorEntry {
    /// Its path in the module.
    pub(crate) path: String,
    /// Its name in a model file.
    pub(crate) name: String,
    /// Its names in files of fastai v2, where tied tensors have several. None of what fastai v2 does not have.
    pub(crate) fastai: Vec<String>,
    /// Its further names in files of fastai v1 and v0.7.
    pub(crate) older: Vec<String>,
    /// In files, which have PyTorch's layout: `[out, in]`.
    pub(crate) shape: Vec<usize>,
    /// Whether the module holds the transpose of what is in files.
    pub(crate) transposed: bool,
}

impl TensorEntry {
    fn new(path: impl Into<String>, shape: &[usize]) -> Self {
        let path = path.into();
        Self {
            name: path.clone(),
            path,
            fastai: Vec::new(),
            older: Vec::new(),
            shape: shape.to_vec(),
            transposed: false,
        }
    }

    /// All names in files of fastai, the one that is read first, if it is there, in front.
    pub(crate) fn fastai_names(&self) -> impl Iterator<Item = &String> {
        self.fastai.iter().chain(&self.older)
    }
}

/// The encoder's tensors; `prefix` stands before their names in fastai's file.
pub(crate) fn encoder(sizes: &AwdLstmConfig, prefix: &str) -> Vec<TensorEntry> {
    let named = |name: &str| format!("{prefix}{name}");
    let mut table = vec![TensorEntry {
        fastai: [EMBEDDING, "encoder_dp.emb.weight"].map(named).to_vec(),
        older: vec![named(OLD_EMBEDDING)],
        ..TensorEntry::new("encoder.embedding", &[sizes.vocabulary, sizes.embed])
    }];
    let directions = match sizes.directions {
        Directions::Forward => &["forward"][..],
        Directions::Both => &["forward", "backward"],
    };
    for (l, recurrence) in sizes.recurrences().into_iter().enumerate() {
        for direction in directions {
            for (part, shape) in parts(recurrence) {
                let at = |name: String| format!("{prefix}rnns.{l}.{name}");
                let [fastai, older] = fastai_parts(recurrence.cell, direction, part);
                // A module names the variant of an enum.
                let path = format!(
                    "encoder.layers.{l}.{direction}.{:?}.{part}",
                    recurrence.cell
                );
                table.push(TensorEntry {
                    name: match *direction {
                        "forward" => format!("encoder.layers.{l}.{part}"),
                        _ => format!("encoder.layers.{l}.{direction}.{part}"),
                    },
                    fastai: fastai.into_iter().map(at).collect(),
                    older: older.into_iter().map(at).collect(),
                    transposed: shape.len() == 2,
                    ..TensorEntry::new(path, &shape)
                });
            }
        }
    }
    table
}

/// The tensors of one recurrence and their shapes.
fn parts(shape: RecurrenceShape) -> Vec<(&'static str, Vec<usize>)> {
    let RecurrenceShape { input, hidden, .. } = shape;
    let gates = |n: usize| hidden.saturating_mul(n);
    match shape.cell {
        Cell::Lstm => vec![
            ("weight_ih", vec![gates(4), input]),
            ("weight_hh", vec![gates(4), hidden]),
            ("bias_ih", vec![gates(4)]),
            ("bias_hh", vec![gates(4)]),
        ],
        Cell::Qrnn => {
            let mut parts = vec![("weight", vec![gates(3), input]), ("bias", vec![gates(3)])];
            if shape.looks_back {
                parts.push(("weight_previous", vec![gates(3), input]));
            }
            parts
        }
    }
}

/// The names of a part in fastai v2 and in the generations before it. No generation drops weights of the backward
/// direction.
fn fastai_parts(cell: Cell, direction: &str, part: &str) -> [Vec<String>; 2] {
    let (fastai, older): (_, &[&str]) = match (cell, direction, part) {
        // fastai v2 has no QRNN.
        (Cell::Qrnn, ..) => return [Vec::new(), Vec::new()],
        (Cell::Lstm, "backward", _) => (format!("module.{part}_l0_reverse"), &[]),
        (Cell::Lstm, _, "weight_hh") => (
            "weight_hh_l0_raw".to_owned(),
            &["module.weight_hh_l0_raw", "module.weight_hh_l0"],
        ),
        (Cell::Lstm, ..) => (format!("module.{part}_l0"), &[]),
    };
    [
        vec![fastai],
        older.iter().map(|name| (*name).to_owned()).collect(),
    ]
}

/// The tensors of a language model, whose decoder is tied to the embedding.
pub(crate) fn language_model(sizes: &AwdLstmConfig, prefix: &str) -> Vec<TensorEntry> {
    let mut table = encoder(sizes, prefix);
    table[0].fastai.push(DECODER_WEIGHT.to_owned());
    table.push(TensorEntry {
        name: "decoder.bias".to_owned(),
        fastai: vec![DECODER_BIAS.to_owned()],
        ..TensorEntry::new("decoder_bias", &[sizes.vocabulary])
    });
    table
}

/// One block of a classifier's head.
#[derive(Debug)]
pub(crate) struct HeadBlockLayout {
    pub(crate) input: usize,
    pub(crate) output: usize,
    pub(crate) has_bias: bool,
    /// The normalization in fastai's file.
    pub(crate) norm: String,
    /// The linear map there.
    pub(crate) linear: String,
}

/// The blocks of a head with fastai v2's names. It leaves dropouts of probability 0 out, and what stands behind one moves
/// up.
pub(crate) fn head_blocks(
    config: &ClassifierConfig,
    embed: usize,
    has_bias: impl Fn(usize) -> bool,
) -> Vec<HeadBlockLayout> {
    let mut input = config.pooling.width(embed);
    let outputs = config.head.hidden.iter().copied().chain([config.classes]);
    let block = |(k, output)| {
        let dropout = match k {
            0 => config.dropouts.output,
            _ => config.head.dropout,
        };
        HeadBlockLayout {
            input: std::mem::replace(&mut input, output),
            output,
            has_bias: has_bias(k),
            norm: format!("{HEAD}{k}.0"),
            linear: format!("{HEAD}{k}.{}", 1 + usize::from(dropout > 0.0)),
        }
    };
    outputs.enumerate().map(block).collect()
}

/// The tensors of a classifier's head.
pub(crate) fn head(blocks: &[HeadBlockLayout]) -> Vec<TensorEntry> {
    let mut table = Vec::new();
    for (k, block) in blocks.iter().enumerate() {
        let path = |part: &str| format!("head.blocks.{k}.{part}");
        for part in ["weight", "bias", "running_mean", "running_var"] {
            table.push(TensorEntry {
                fastai: vec![format!("{}.{part}", block.norm)],
                ..TensorEntry::new(path(&format!("norm.{part}")), &[block.input])
            });
        }
        table.push(TensorEntry {
            fastai: vec![format!("{}.weight", block.linear)],
            transposed: true,
            ..TensorEntry::new(path("weight"), &[block.output, block.input])
        });
        if block.has_bias {
            // v1 and v0.7 have a bias behind a normalization; v2 has not.
            table.push(TensorEntry {
                older: vec![format!("{}.bias", block.linear)],
                ..TensorEntry::new(path("bias"), &[block.output])
            });
        }
    }
    table
}

/// PyTorch's count of a normalization's batches. With its fixed momentum the count has no effect.
pub(crate) fn batch_count(block: &HeadBlockLayout) -> String {
    format!("{}.num_batches_tracked", block.norm)
}
