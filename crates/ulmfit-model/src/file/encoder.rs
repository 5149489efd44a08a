//! The encoder's tensors in a model file.

use burn::module::Param;
use burn::tensor::Device;

use super::reader::Reader;
use super::writer::Writer;
use crate::encoder::awd_lstm::AwdLstm;
use crate::encoder::awd_lstm_config::{AwdLstmConfig, Cell, Directions, RecurrenceShape};
use crate::encoder::encoder_layer::EncoderLayer;
use crate::encoder::lstm_layer::LstmLayer;
use crate::encoder::qrnn_layer::QrnnLayer;
use crate::encoder::recurrence::Recurrence;
use crate::error::Result;

pub(super) fn write_encoder(writer: &mut Writer, encoder: &AwdLstm) {
    writer.add("encoder.embedding", encoder.embedding.val());
    for (l, layer) in encoder.layers.iter().enumerate() {
        write_recurrence(writer, &forward_name(l), &layer.forward);
        if let Some(backward) = &layer.backward {
            write_recurrence(writer, &backward_name(l), backward);
        }
    }
}

pub(crate) fn read_encoder(
    reader: &mut Reader<'_>,
    sizes: &AwdLstmConfig,
    device: &Device,
) -> Result<AwdLstm> {
    sizes.validate()?;
    let embedding = reader.take("encoder.embedding", [sizes.vocabulary, sizes.embed], device)?;
    let mut layers = Vec::new();
    for (l, shape) in sizes.recurrences().into_iter().enumerate() {
        let mut read = |prefix: String| read_recurrence(reader, &prefix, shape, device);
        let forward = read(forward_name(l))?;
        let backward = match sizes.directions {
            Directions::Forward => None,
            Directions::Both => Some(read(backward_name(l))?),
        };
        layers.push(EncoderLayer { forward, backward });
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

fn write_recurrence(writer: &mut Writer, prefix: &str, recurrence: &Recurrence) {
    let name = |part: &str| format!("{prefix}.{part}");
    match recurrence {
        Recurrence::Lstm(layer) => {
            writer.add(name("weight_ih"), layer.weight_ih.val().transpose());
            writer.add(name("weight_hh"), layer.weight_hh.val().transpose());
            writer.add(name("bias_ih"), layer.bias_ih.val());
            writer.add(name("bias_hh"), layer.bias_hh.val());
        }
        Recurrence::Qrnn(layer) => {
            writer.add(name("weight"), layer.weight.val().transpose());
            if let Some(previous) = &layer.weight_previous {
                writer.add(name("weight_previous"), previous.val().transpose());
            }
            writer.add(name("bias"), layer.bias.val());
        }
    }
}

fn read_recurrence(
    reader: &mut Reader<'_>,
    prefix: &str,
    shape: RecurrenceShape,
    device: &Device,
) -> Result<Recurrence> {
    match shape.cell {
        Cell::Lstm => read_lstm(reader, prefix, shape, device).map(Recurrence::Lstm),
        Cell::Qrnn => read_qrnn(reader, prefix, shape, device).map(Recurrence::Qrnn),
    }
}

fn read_lstm(
    reader: &mut Reader<'_>,
    prefix: &str,
    shape: RecurrenceShape,
    device: &Device,
) -> Result<LstmLayer> {
    let name = |part: &str| format!("{prefix}.{part}");
    let gates = 4 * shape.hidden;
    let weight_ih = reader.take_transposed(&name("weight_ih"), [gates, shape.input], device)?;
    let weight_hh = reader.take_transposed(&name("weight_hh"), [gates, shape.hidden], device)?;
    let mut bias = |part: &str| reader.take(&name(part), [gates], device);
    let biases = [bias("bias_ih")?, bias("bias_hh")?].map(Param::from_tensor);
    let weights = [weight_ih, weight_hh].map(Param::from_tensor);
    Ok(LstmLayer::new(weights, biases))
}

fn read_qrnn(
    reader: &mut Reader<'_>,
    prefix: &str,
    shape: RecurrenceShape,
    device: &Device,
) -> Result<QrnnLayer> {
    let name = |part: &str| format!("{prefix}.{part}");
    let gates = 3 * shape.hidden;
    let mut matrix = |part: &str| {
        let weight = reader.take_transposed(&name(part), [gates, shape.input], device);
        weight.map(Param::from_tensor)
    };
    let weight = matrix("weight")?;
    let weight_previous = match shape.looks_back {
        true => Some(matrix("weight_previous")?),
        false => None,
    };
    Ok(QrnnLayer {
        weight,
        weight_previous,
        bias: Param::from_tensor(reader.take(&name("bias"), [gates], device)?),
    })
}
