//! The encoder's tensors in a model file.

use burn::module::Param;
use burn::tensor::Device;

use super::tensors::{Reader, Writer};
use crate::awd_lstm::AwdLstm;
use crate::awd_lstm_config::{AwdLstmConfig, Directions};
use crate::encoder_layer::EncoderLayer;
use crate::error::Result;
use crate::lstm_layer::LstmLayer;

pub(super) fn write_encoder(writer: &mut Writer, encoder: &AwdLstm) {
    writer.add("encoder.embedding", encoder.embedding.val());
    for (l, layer) in encoder.layers.iter().enumerate() {
        write_lstm(writer, &forward_name(l), &layer.forward);
        if let Some(backward) = &layer.backward {
            write_lstm(writer, &backward_name(l), backward);
        }
    }
}

pub(super) fn read_encoder(
    reader: &mut Reader,
    sizes: &AwdLstmConfig,
    device: &Device,
) -> Result<AwdLstm> {
    sizes.validate()?;
    let embedding = reader.take("encoder.embedding", [sizes.vocabulary, sizes.embed], device)?;
    let mut width = sizes.embed;
    let mut layers = Vec::new();
    for (l, out) in sizes.widths().into_iter().enumerate() {
        let shape = [width, out / sizes.directions.count()];
        let forward = read_lstm(reader, &forward_name(l), shape, device)?;
        let backward = match sizes.directions {
            Directions::Forward => None,
            Directions::Both => Some(read_lstm(reader, &backward_name(l), shape, device)?),
        };
        layers.push(EncoderLayer { forward, backward });
        width = out;
    }
    Ok(AwdLstm {
        embedding: Param::from_tensor(embedding),
        layers,
    })
}

fn forward_name(layer: usize) -> String {
    format!("encoder.layers.{layer}")
}

fn backward_name(layer: usize) -> String {
    format!("encoder.layers.{layer}.backward")
}

fn write_lstm(writer: &mut Writer, prefix: &str, layer: &LstmLayer) {
    let name = |part: &str| format!("{prefix}.{part}");
    writer.add(name("weight_ih"), layer.weight_ih.val().transpose());
    writer.add(name("weight_hh"), layer.weight_hh.val().transpose());
    writer.add(name("bias_ih"), layer.bias_ih.val());
    writer.add(name("bias_hh"), layer.bias_hh.val());
}

fn read_lstm(
    reader: &mut Reader,
    prefix: &str,
    [width, hidden]: [usize; 2],
    device: &Device,
) -> Result<LstmLayer> {
    let name = |part: &str| format!("{prefix}.{part}");
    let gates = 4 * hidden;
    let weight_ih = reader.take_transposed(&name("weight_ih"), [gates, width], device)?;
    let weight_hh = reader.take_transposed(&name("weight_hh"), [gates, hidden], device)?;
    Ok(LstmLayer {
        weight_ih: Param::from_tensor(weight_ih),
        weight_hh: Param::from_tensor(weight_hh),
        bias_ih: Param::from_tensor(reader.take(&name("bias_ih"), [gates], device)?),
        bias_hh: Param::from_tensor(reader.take(&name("bias_hh"), [gates], device)?),
    })
}
