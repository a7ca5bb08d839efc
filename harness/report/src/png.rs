//! Drawings as pictures of points, for where SVG cannot go. Their letters come with this crate, so that
//! the same drawing gives the same bytes on every machine.

use pilotbench_engine::fault::{Fault, Result};
use resvg::{
    tiny_skia::{Color, Pixmap, Transform},
    usvg::{Options, Tree, fontdb::Database},
};
use std::sync::{Arc, LazyLock};

/// Points of a picture for each of the drawing: 96 to the inch become 288.
const SCALE: f32 = 3.0;

static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(include_bytes!("assets/font/DejaVuSans.ttf").to_vec());
    fonts.load_font_data(include_bytes!("assets/font/DejaVuSans-Bold.ttf").to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    Arc::new(fonts)
});

/// A drawing that stands by itself as PNG, on white.
///
/// # Errors
/// When it is no SVG, or is too large.
pub(crate) fn png(svg: &str) -> Result<Vec<u8>> {
    let fault = |e: &dyn std::fmt::Display| Fault::store("picture", e);
    let options = Options {
        fontdb: FONTS.clone(),
        font_family: "DejaVu Sans".to_owned(),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|e| fault(&e))?;
    let size = tree.size().to_int_size().scale_by(SCALE);
    let pixmap = size.and_then(|size| Pixmap::new(size.width(), size.height()));
    let mut pixmap = pixmap.ok_or_else(|| fault(&"it has no size"))?;
    pixmap.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|e| fault(&e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::{Anchor, Svg};

    fn dark(svg: &Svg) -> usize {
        let bytes = png(&svg.alone()).unwrap();
        let pixmap = Pixmap::decode_png(&bytes).unwrap();
        assert_eq!((pixmap.width(), pixmap.height()), (300, 60));
        pixmap.pixels().iter().filter(|pixel| pixel.red() < 128).count()
    }

    #[test]
    fn a_picture_has_its_lines_and_letters() {
        let empty = Svg::new("t", "d", (100.0, 20.0));
        let mut letters = empty.clone();
        letters.text("axis", (50.0, 15.0), Anchor::Middle, "±1.5 → ĝß");
        let mut line = empty.clone();
        line.line("line c0", (5.0, 10.0), (95.0, 10.0));
        assert_eq!(dark(&empty), 0);
        assert!(dark(&letters) > 300, "{}", dark(&letters));
        assert!(dark(&line) > 500, "{}", dark(&line));
    }

    #[test]
    fn what_is_no_drawing_is_refused() {
        assert!(png("<svg").is_err());
    }
}
