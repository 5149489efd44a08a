//! The encoder: embedding and recurrent layers, their dropouts and their state.

pub(crate) mod awd_lstm;
pub(crate) mod awd_lstm_config;
pub(crate) mod dropout;
pub(crate) mod encoder_layer;
pub(crate) mod linear_recurrence;
pub(crate) mod lstm_layer;
pub(crate) mod qrnn_layer;
pub(crate) mod recurrence;
pub(crate) mod reversal;
pub(crate) mod state;
pub(crate) mod words;
