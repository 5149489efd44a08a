//! The cold start: what is said of a user who has rated nothing.

use crate::lesson::rmse;
use crate::model::DotBias;
use crate::ratings::{Rating, Ratings};

/// The errors on new users, and the items a new user would like best beside the means of their ratings.
pub(crate) fn cold_start(model: &DotBias, ratings: &Ratings) {
    println!("\nNew users, who are given the bias and the vector of an average user");
    println!(
        "  the mean rating      {:.4}",
        ratings.spread(&ratings.strangers)
    );
    println!(
        "  an average user's    {:.4}",
        rmse(model, &ratings.strangers)
    );

    let everything: Vec<Rating> = (1..=ratings.items.len() as u32)
        .map(|item| Rating {
            user: 0,
            item,
            stars: 0.0,
        })
        .collect();
    let predicted: Vec<f32> = model.stars(&everything).into_data().iter::<f32>().collect();
    let mut best: Vec<usize> = (0..predicted.len()).collect();
    best.sort_by(|&a, &b| predicted[b].total_cmp(&predicted[a]));
    println!("\n  what a new user is told   stars   mean of its ratings");
    for place in best.into_iter().take(5) {
        let of_item = ratings
            .train
            .iter()
            .filter(|rating| rating.item as usize == place + 1);
        let stars: Vec<f32> = of_item.map(|rating| rating.stars).collect();
        let mean = stars.iter().sum::<f32>() / stars.len().max(1) as f32;
        println!(
            "  {:<24}  {:>5.2}   {mean:.2} of {}",
            ratings.items[place],
            predicted[place],
            stars.len()
        );
    }
}
