//! fastai's parameters by their names, in this library's layout.

use burn::module::{Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use serde_json::Value;
use ulmfit_model::{
    AwdLstm, AwdLstmConfig, Dropouts, LanguageModel, LanguageModelConfig, Recurrence,
    Regularization,
};

use crate::{count, flat, golden, list, number};

/// The initial weights of a language model: the file that `init` names (fastai's), as safetensors.
pub(crate) fn language_model(init: &str, config: &Value, device: &Device) -> LanguageModel {
    let stem = init.trim_end_matches(".pth");
    let bytes = std::fs::read(golden(&format!("{stem}.safetensors"))).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let read = |name: &str| {
        let view = file
            .tensor(name)
            .unwrap_or_else(|_| panic!("{stem} has no {name}"));
        let words = view.data().chunks_exact(4);
        let values: Vec<f32> = words
            .map(|w| f32::from_le_bytes(w.try_into().unwrap()))
            .collect();
        (view.shape().to_vec(), values)
    };
    assert_eq!(config["bidir"], false, "a language model reads one way");
    let vocabulary = read("0.encoder.weight").0[0];
    let sizes = AwdLstmConfig::new(vocabulary).with_sizes(
        count(&config["emb_sz"]),
        count(&config["n_hid"]),
        count(&config["n_layers"]),
    );
    let dropouts = dropouts(config);
    let model = LanguageModelConfig {
        regularization: Regularization::none(),
        ..LanguageModelConfig::new(sizes).with_dropouts(dropouts)
    };
    let mut model = model.init(0, device).unwrap();
    fn set<const D: usize>(param: &mut Param<Tensor<D>>, name: &str, values: &[f32]) {
        let (shape, device) = (param.dims(), param.device());
        let values = ours(name, shape, values.to_vec());
        *param = Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), &device));
    }
    set(
        &mut model.encoder.embedding,
        "0.encoder.weight",
        &read("0.encoder.weight").1,
    );
    for (l, layer) in model.encoder.layers.iter_mut().enumerate() {
        let Recurrence::Lstm(layer) = &mut layer.forward else {
            unreachable!("a new model is of LSTM layers");
        };
        let name = |part: &str| format!("0.rnns.{l}.{part}");
        let fill = |part: &str| (name(part), read(&name(part)).1);
        let (key, values) = fill("module.weight_ih_l0");
        set(&mut layer.weight_ih, &key, &values);
        let (key, values) = fill("weight_hh_l0_raw");
        set(&mut layer.weight_hh, &key, &values);
        let (key, values) = fill("module.bias_ih_l0");
        set(&mut layer.bias_ih, &key, &values);
        let (key, values) = fill("module.bias_hh_l0");
        set(&mut layer.bias_hh, &key, &values);
    }
    set(
        &mut model.decoder_bias,
        "1.decoder.bias",
        &read("1.decoder.bias").1,
    );
    model
}

/// The dropouts of a fastai configuration.
pub(crate) fn dropouts(config: &Value) -> Dropouts {
    Dropouts {
        embed: number(&config["embed_p"]),
        input: number(&config["input_p"]),
        weight: number(&config["weight_p"]),
        hidden: number(&config["hidden_p"]),
        output: number(&config["output_p"]),
    }
}

/// One parameter of ours with fastai's name.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) id: ParamId,
    pub(crate) values: Vec<f32>,
    pub(crate) shape: Vec<usize>,
    pub(crate) trains: bool,
}

fn named<const D: usize>(name: String, param: &Param<Tensor<D>>) -> Named {
    let tensor = param.val();
    Named {
        name,
        id: param.id,
        shape: tensor.dims().to_vec(),
        trains: tensor.is_require_grad(),
        values: tensor.into_data().iter::<f32>().collect(),
    }
}

/// The parameters of an encoder whose fastai names begin with `prefix`.
pub(crate) fn encoder(prefix: &str, encoder: &AwdLstm) -> Vec<Named> {
    let mut all = vec![named(format!("{prefix}encoder.weight"), &encoder.embedding)];
    for (l, layer) in encoder.layers.iter().enumerate() {
        let Recurrence::Lstm(layer) = &layer.forward else {
            unreachable!("the goldens are of LSTM layers");
        };
        let name = |part: &str| format!("{prefix}rnns.{l}.{part}");
        all.push(named(name("weight_hh_l0_raw"), &layer.weight_hh));
        all.push(named(name("module.weight_ih_l0"), &layer.weight_ih));
        all.push(named(name("module.bias_ih_l0"), &layer.bias_ih));
        all.push(named(name("module.bias_hh_l0"), &layer.bias_hh));
    }
    all
}

/// The parameters of a language model.
pub(crate) fn of_language_model(model: &LanguageModel) -> Vec<Named> {
    let mut all = encoder("0.", &model.encoder);
    all.push(named("1.decoder.bias".to_owned(), &model.decoder_bias));
    all
}

/// The parameters of a classifier's head, in fastai's numbers for a head without dropout.
pub(crate) fn head(model: &ulmfit_model::Head) -> Vec<Named> {
    let blocks = model.blocks.iter().enumerate();
    let of = blocks.flat_map(|(k, block)| {
        let name = |part: &str| format!("1.layers.{k}.{part}");
        [
            named(name("0.weight"), &block.norm.weight),
            named(name("0.bias"), &block.norm.bias),
            named(name("1.weight"), &block.weight),
        ]
    });
    of.collect()
}

impl Named {
    /// A recorded tensor of this parameter, flat, in our layout.
    pub(crate) fn recorded(&self, tensors: &Value) -> Vec<f32> {
        let value = &tensors[&self.name];
        assert!(value.is_array(), "{} is not recorded", self.name);
        match self.shape[..] {
            [rows, cols] => ours(&self.name, [rows, cols], flat(value)),
            _ => flat(value),
        }
    }
}

/// fastai's matrices of a layer are transposed against ours of the given shape; its embedding is not.
fn ours<const D: usize>(name: &str, shape: [usize; D], values: Vec<f32>) -> Vec<f32> {
    if D != 2 || name.ends_with("encoder.weight") {
        return values;
    }
    let (rows, cols) = (shape[0], shape[1]);
    let at = |i: usize| values[(i % cols) * rows + i / cols];
    (0..rows * cols).map(at).collect()
}

/// A grid of ids.
pub(crate) fn ids(value: &Value) -> ulmfit_text::TokenGrid {
    let rows = list(value);
    let ids = flat(value).into_iter().map(|id| id as u32).collect();
    ulmfit_text::TokenGrid::new(rows.len(), list(&rows[0]).len(), ids)
}
