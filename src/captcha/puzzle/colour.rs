//! From shades to colours, and to a file: four bits a pixel.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shades and channels: small numbers, none below zero"
)]

use rand::seq::IndexedRandom;
use rand_chacha::ChaCha12Rng;

use crate::captcha::curves::between;

const SHADES: u8 = 15;

/// Dark, middle, light: the middle one has a hue of its own.
const PALETTES: [[[u8; 3]; 3]; 8] = [
    [[20, 32, 72], [78, 134, 170], [242, 234, 206]],
    [[52, 22, 58], [172, 88, 112], [250, 228, 194]],
    [[14, 50, 44], [86, 142, 94], [238, 242, 204]],
    [[58, 30, 16], [178, 118, 70], [250, 236, 214]],
    [[22, 42, 92], [116, 110, 186], [242, 222, 240]],
    [[62, 22, 24], [190, 104, 76], [250, 232, 180]],
    [[10, 48, 66], [60, 150, 150], [246, 238, 214]],
    [[44, 34, 72], [140, 120, 150], [250, 240, 222]],
];

/// A shade's place in the palette, whose first colour is none at all.
pub(super) fn step(shade: f32) -> u8 {
    (shade.clamp(0.0, 0.999) * f32::from(SHADES)) as u8 + 1
}

/// None, then from dark to light.
pub(super) fn palette(rng: &mut ChaCha12Rng) -> Vec<u8> {
    let anchors = PALETTES.choose(rng).copied().unwrap_or_default();
    let anchors =
        anchors.map(|colour| colour.map(|channel| f32::from(channel) + between(rng, -12.0, 12.0)));
    let mut palette = vec![255; 3];
    for shade in 0..SHADES {
        let along = f32::from(shade) / f32::from(SHADES - 1) * 2.0;
        let (low, part) = if along < 1.0 {
            (0, along)
        } else {
            (1, along - 1.0)
        };
        let mix = |channel: usize| {
            anchors[low][channel] + (anchors[low + 1][channel] - anchors[low][channel]) * part
        };
        palette.extend([0, 1, 2].map(|channel| mix(channel).clamp(0.0, 255.0) as u8));
    }
    palette
}

pub(super) fn encode(pixels: &[u8], width: usize, palette: Vec<u8>) -> Vec<u8> {
    let data: Vec<u8> = pixels
        .chunks_exact(2)
        .map(|two| two[0] << 4 | two[1])
        .collect();
    let mut file = Vec::with_capacity(20_000);
    let mut encoder = png::Encoder::new(&mut file, width as u32, (pixels.len() / width) as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Four);
    encoder.set_palette(palette);
    encoder.set_trns(vec![0]);
    encoder.set_compression(png::Compression::Default);
    encoder.set_filter(png::FilterType::NoFilter);
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&data))
        .expect("a picture of the right length, written to memory");
    file
}
