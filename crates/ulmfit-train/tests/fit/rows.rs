//! An embedding whose gradient is written by rows is trained as one with a dense gradient.

use burn::module::{Param, ParamGroup};
use burn::tensor::{Device, Int, Tensor, TensorData};
use ulmfit_kernels::embedding_rows;
use ulmfit_train::optimizer::{AdamConfig, OptimizerConfig, SgdConfig};
use ulmfit_train::{LayerGroups, ParamGradients};

const WORDS: usize = 3000;
const WIDTH: usize = 8;

/// Words of the batch: some come back, some occur once, most never.
fn ids(batch: usize) -> Vec<u32> {
    let spread = |n: usize| ((n * n * 7 + 13 * batch) % (40 * (batch % 3 + 1))) as u32;
    (0..30).map(spread).chain([2900 - batch as u32]).collect()
}

/// The table after six steps, clipped, each of two batches.
fn trained(config: OptimizerConfig, rows: fn(Tensor<2>, &[u32]) -> Tensor<2>) -> Vec<f32> {
    let device = Device::default().autodiff();
    let start = (0..WORDS * WIDTH)
        .map(|n| (n as f32 * 0.71).sin())
        .collect();
    let start = TensorData::new::<f32, _>(start, [WORDS, WIDTH]);
    let mut model = vec![Param::from_tensor(Tensor::<2>::from_data(start, &device))];
    let groups = LayerGroups::new(
        vec![ParamGroup::ids_from_module(model.clone())],
        ParamGroup::ids_from_module(Vec::<Param<Tensor<2>>>::new()),
    );
    let mut optimizer = config.init();
    for step in 0..6 {
        let gradients = |batch: usize| {
            let x = rows(model[0].val(), &ids(batch));
            let loss = (x.clone() * x).sum_dim(1).sqrt().sum();
            ParamGradients::of(&model, loss.backward(), 1.0 + batch as f64)
        };
        let mut sum = gradients(2 * step);
        sum.join(gradients(2 * step + 1));
        model = optimizer.apply(model, sum, &groups, &[0.05], 0.8);
    }
    model[0].val().into_data().iter::<f32>().collect()
}

fn by_selection(table: Tensor<2>, ids: &[u32]) -> Tensor<2> {
    let ids: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
    let n = ids.len();
    let device = table.device();
    table.select(
        0,
        Tensor::<1, Int>::from_data(TensorData::new(ids, [n]), &device),
    )
}

#[test]
fn rows_are_trained_as_a_dense_gradient_trains_them() {
    let adam = AdamConfig {
        clip: Some(0.3),
        ..AdamConfig::default()
    };
    let penalized = AdamConfig { l2: 0.01, ..adam };
    let configs: [OptimizerConfig; 3] = [
        adam.into(),
        penalized.into(),
        OptimizerConfig::Sgd(SgdConfig::default()),
    ];
    for config in configs {
        let rows = trained(config, |table, ids| embedding_rows(table, ids, None));
        let dense = trained(config, by_selection);
        let pairs = rows.iter().zip(&dense);
        let worst = pairs.fold(0.0, |worst: f32, (a, b)| worst.max((a - b).abs()));
        assert!(worst <= 1e-7, "{}: {worst:e}", config.name());
        // Words that never occur decay, and only decay.
        let decayed = rows[1000 * WIDTH] / (1000.0 * WIDTH as f32 * 0.71).sin();
        let expected = (1.0f32 - 0.05 * 0.01).powi(6);
        if config == OptimizerConfig::Adam(adam) {
            assert!((decayed - expected).abs() < 1e-6, "{decayed}");
        }
    }
}
