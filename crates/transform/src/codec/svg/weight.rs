//! What a drawing costs to draw, before it is drawn: the same few lines may stand for very much.

use std::collections::HashMap;

use plan::Size;
use resvg::usvg::filter::Kind;
use resvg::usvg::{Group, ImageKind, Node, Paint, Path, Rect, Tree};
use roxmltree::Document;
use simplecss::{AttributeOperator, Declaration, PseudoClass, Rule, StyleSheet};

use super::unsupported;
use crate::dimensions::dimensions;
use crate::error::TransformError;

/// Elements within elements, those included that are only pointed to.
const DEPTH_MAX: u32 = 200;

/// Of all that is drawn.
const DRAWN_MAX: u64 = 500_000;

/// How often a style sheet's rule is tried on an element.
const MATCHES_MAX: usize = 20_000_000;

const SVG: &str = "http://www.w3.org/2000/svg";
const XLINK: &str = "http://www.w3.org/1999/xlink";

/// Pixels that are touched, all in all; a machine of today touches more than this in some seconds.
const WORK_MAX: f64 = 2e9;

/// What is drawn by itself and then laid over the rest, in pixels at a time: this many for each of the drawing's, and ...
const LAYERS: u64 = 12;
/// ... so many more.
const LAYERS_BASE: u64 = 8 << 20;

/// Bytes that drawing may take, with this many pixels, of a document of so many bytes.
pub(crate) fn memory(pixels: u64, document: u64) -> u64 {
    const PIXEL: u64 = 4;
    // Itself and what comes of it, then layers.
    let drawn = pixels * 2 * PIXEL;
    let layers = (pixels * LAYERS + LAYERS_BASE) * PIXEL;
    // Two trees, of the XML and of what it means.
    const TREES: u64 = 40;
    drawn + layers + document * TREES
}

/// Refuses what would become too many elements once each that is pointed to stands where it is seen, as it does for whoever
/// draws it: copies by `use`, and what patterns, masks, clips and filters show.
pub(super) fn check_elements(document: &Document<'_>) -> Result<(), TransformError> {
    let mut named = HashMap::new();
    for node in document.descendants() {
        if let Some(id) = node.attribute("id") {
            named.entry(id).or_insert(node);
        }
    }
    let sheets: Vec<&str> = document
        .descendants()
        .filter(|node| node.has_tag_name((SVG, "style")))
        .filter_map(|node| node.text())
        .collect();
    let sheets: Vec<StyleSheet<'_>> = sheets.into_iter().map(StyleSheet::parse).collect();
    let points = |declaration: &Declaration<'_>| target(declaration.value).is_some();
    let rules =
        sheets.iter().flat_map(|sheet| &sheet.rules).filter(|rule| rule.declarations.iter().any(points));
    let mut counting = Counting { named, rules: rules.collect(), known: HashMap::new() };
    if counting.rules.len().saturating_mul(document.descendants().count()) > MATCHES_MAX {
        return Err(unsupported(format!("more than {MATCHES_MAX} elements times rules")));
    }
    let root = counting.elements(document.root_element(), DEPTH_MAX)?.elements;
    let markers = document.descendants().filter(|node| node.has_tag_name((SVG, "marker")));
    let mut largest = 0;
    for marker in markers {
        largest = largest.max(counting.elements(marker, DEPTH_MAX)?.elements);
    }
    // One at each point of each line, at worst, and a point is a number at least.
    let points = document.descendants().map(|node| match node.attribute("d").or(node.attribute("points")) {
        Some(line) => {
            line.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty()).count() as u64
        }
        None => 0,
    });
    let all = if largest > 0 { largest.saturating_mul(points.sum()) } else { 0 };
    if root.saturating_add(all) > DRAWN_MAX {
        return Err(unsupported(format!("more than {DRAWN_MAX} elements, with those that are seen again")));
    }
    Ok(())
}

/// The element that a value points to, if it does.
fn target(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("url(")?;
    let (inner, _) = rest.split_once(')')?;
    inner.trim().trim_matches(['"', '\'']).strip_prefix('#')
}

/// Of an element, with all that stands within it once it is drawn.
#[derive(Clone, Copy)]
struct Count {
    elements: u64,
    depth: u32,
}

struct Counting<'a, 'input> {
    named: HashMap<&'a str, roxmltree::Node<'a, 'input>>,
    /// Those of style sheets that point to something.
    rules: Vec<&'a Rule<'a>>,
    /// Nothing for what is being counted.
    known: HashMap<roxmltree::NodeId, Option<Count>>,
}

impl<'a, 'input> Counting<'a, 'input> {
    fn elements(&mut self, node: roxmltree::Node<'a, 'input>, room: u32) -> Result<Count, TransformError> {
        match self.known.get(&node.id()) {
            Some(Some(count)) => return Ok(*count),
            // Within itself; whoever draws it leaves it out.
            Some(None) => return Ok(Count { elements: 0, depth: 0 }),
            None => {}
        }
        let too_deep = || unsupported(format!("elements within more than {DEPTH_MAX} others"));
        let room = room.checked_sub(1).ok_or_else(too_deep)?;
        self.known.insert(node.id(), None);
        let mut count = Count { elements: 1, depth: 0 };
        for child in node.children().filter(roxmltree::Node::is_element) {
            count.add(self.elements(child, room)?);
        }
        let copied = node.attribute((XLINK, "href"));
        let copied = copied.and_then(|href| self.named.get(href.strip_prefix('#')?).copied());
        if let Some(target) = copied
            && matches!(node.tag_name().name(), "use" | "feImage" | "pattern")
        {
            count.add(self.elements(target, room)?);
        }
        let within = count.elements;
        for target in self.shown_by(node) {
            let mut shown = self.elements(target, room)?;
            // What a group is painted with, all that it holds may be.
            if target.has_tag_name((SVG, "pattern")) {
                shown.elements = shown.elements.saturating_mul(within);
            }
            count.add(shown);
        }
        count.depth += 1;
        if count.depth > DEPTH_MAX {
            return Err(too_deep());
        }
        self.known.insert(node.id(), Some(count));
        Ok(count)
    }

    /// What an element is painted with, cut or masked by, or filtered through; gradients hold nothing that is drawn.
    fn shown_by(&self, node: roxmltree::Node<'a, 'input>) -> Vec<roxmltree::Node<'a, 'input>> {
        let element = Styled(node);
        let ruled = self.rules.iter().filter(|rule| rule.selector.matches(&element));
        let ruled =
            ruled.flat_map(|rule| rule.declarations.iter().filter_map(|declared| target(declared.value)));
        let style = node.attribute("style").unwrap_or_default();
        let own = node.attributes().filter(|attribute| attribute.name() != "style");
        let own =
            own.filter_map(|attribute| target(attribute.value())).chain(style.split(';').filter_map(target));
        let shown = own.chain(ruled).filter_map(|name| self.named.get(name).copied());
        shown.filter(|node| !node.tag_name().name().ends_with("Gradient")).collect()
    }
}

impl Count {
    fn add(&mut self, other: Count) {
        self.elements = self.elements.saturating_add(other.elements);
        self.depth = self.depth.max(other.depth);
    }
}

/// An element as style sheets see it.
struct Styled<'a, 'input>(roxmltree::Node<'a, 'input>);

impl simplecss::Element for Styled<'_, '_> {
    fn parent_element(&self) -> Option<Self> {
        self.0.parent_element().map(Styled)
    }

    fn prev_sibling_element(&self) -> Option<Self> {
        self.0.prev_sibling_element().map(Styled)
    }

    fn has_local_name(&self, name: &str) -> bool {
        self.0.tag_name().name() == name
    }

    fn attribute_matches(&self, name: &str, operator: AttributeOperator<'_>) -> bool {
        self.0.attribute(name).is_some_and(|value| operator.matches(value))
    }

    // Nobody points at a drawing, or has followed its links.
    fn pseudo_class_matches(&self, class: PseudoClass<'_>) -> bool {
        matches!(class, PseudoClass::FirstChild) && self.0.prev_sibling_element().is_none()
    }
}

/// Whether a drawing can be drawn on so many pixels, of which there are `scale` across and down for each of its own.
pub(super) fn is_bearable(tree: &Tree, size: Size, scale: (f64, f64)) -> bool {
    let mut weighing = Weighing { scale, canvas: size.pixels() as f64, known: HashMap::new() };
    let Weight { work, layers } = weighing.group(tree.root());
    work <= WORK_MAX && layers <= (size.pixels() * LAYERS + LAYERS_BASE) as f64
}

/// In pixels.
#[derive(Clone, Copy, Default)]
struct Weight {
    /// Touched.
    work: f64,
    /// Held at once, beside the drawing's own.
    layers: f64,
}

struct Weighing {
    scale: (f64, f64),
    /// How many pixels there are to draw on.
    canvas: f64,
    /// What is drawn wherever somebody points to it: by the group that it is.
    known: HashMap<*const Group, Weight>,
}

impl Weighing {
    /// The pixels of this rectangle, as far as they are drawn: what is larger than so many canvases is cut.
    fn area(&self, rect: Rect, canvases: f64) -> f64 {
        let (across, down) = self.scale;
        // A margin all around, for half pixels.
        let side = |length: f32, scale: f64| f64::from(length).abs() * scale + 4.0;
        (side(rect.width(), across) * side(rect.height(), down)).min(self.canvas * canvases)
    }

    fn group(&mut self, group: &Group) -> Weight {
        let mut weight = Weight::default();
        for child in group.children() {
            let child = match child {
                Node::Group(group) => self.group(group),
                Node::Path(path) => self.path(path),
                Node::Text(text) => self.group(text.flattened()),
                Node::Image(image) => {
                    let area = self.area(image.abs_bounding_box(), 1.0);
                    match image.kind() {
                        // A canvas of its own, and all that is on it.
                        ImageKind::SVG(tree) => {
                            let Weight { work, layers } = self.shared(tree.root());
                            Weight { work: work + self.canvas, layers: layers + self.canvas }
                        }
                        ImageKind::JPEG(data)
                        | ImageKind::PNG(data)
                        | ImageKind::GIF(data)
                        | ImageKind::WEBP(data) => {
                            let own = dimensions(data).map_or(0, |(_, size)| size.pixels()) as f64;
                            Weight { work: 8.0 * (area + own), layers: 3.0 * own }
                        }
                    }
                }
            };
            weight.work += child.work;
            weight.layers = weight.layers.max(child.layers);
        }
        if !group.should_isolate() {
            return weight;
        }
        // The library cuts layers at five times the canvas each way.
        let own = self.area(group.abs_layer_bounding_box().to_rect(), 25.0);
        weight.work += 3.0 * own;
        let mut beside = 0.0;
        for filter in group.filters() {
            // Each result is kept until the last one is there.
            beside = f64::max(beside, (3 + filter.primitives().len()) as f64 * own);
            for primitive in filter.primitives() {
                let Weight { work, layers } = self.filtered(primitive.kind(), own);
                weight.work += work;
                weight.layers = weight.layers.max(layers);
            }
        }
        let mut clip = group.clip_path();
        while let Some(path) = clip {
            let Weight { work, layers } = self.shared(path.root());
            weight.work += work + 3.0 * own;
            beside = f64::max(beside, layers + 2.0 * own);
            clip = path.clip_path();
        }
        let mut mask = group.mask();
        let mut held = 0.0;
        while let Some(by) = mask {
            let Weight { work, layers } = self.shared(by.root());
            held += 2.0 * own;
            weight.work += work + 4.0 * own;
            beside = f64::max(beside, layers + held);
            mask = by.mask();
        }
        Weight { work: weight.work, layers: own + weight.layers.max(beside) }
    }

    /// As [`Weighing::group`], of what several may point to: looked at once.
    fn shared(&mut self, group: &Group) -> Weight {
        let place = std::ptr::from_ref(group);
        if let Some(weight) = self.known.get(&place) {
            return *weight;
        }
        let weight = self.group(group);
        self.known.insert(place, weight);
        weight
    }

    fn path(&mut self, path: &Path) -> Weight {
        // Edges are sorted, curves broken into lines.
        const POINT: f64 = 16.0;
        let points = path.data().len() as f64 * POINT;
        let mut weight = Weight::default();
        let fill = path.fill().map(|fill| (fill.paint(), path.abs_bounding_box()));
        let stroke = path.stroke().map(|stroke| (stroke.paint(), path.abs_stroke_bounding_box()));
        for (paint, rect) in fill.into_iter().chain(stroke) {
            weight.work += points + self.area(rect, 1.0);
            if let Paint::Pattern(pattern) = paint {
                let Weight { work, layers } = self.shared(pattern.root());
                let (across, down) = path.abs_transform().pre_concat(pattern.transform()).get_scale();
                let side = |side: f32, own: f32, scale: f64| f64::from(side) * f64::from(own) * scale;
                let rect = pattern.rect();
                let tile = side(rect.width(), across, self.scale.0) * side(rect.height(), down, self.scale.1);
                weight.work += work + 3.0 * self.area(path.abs_bounding_box(), 1.0) + tile;
                weight.layers = weight.layers.max(layers + tile);
            }
        }
        weight
    }

    /// One step of a filter over so many pixels.
    fn filtered(&mut self, kind: &Kind, own: f64) -> Weight {
        let mut layers = own;
        let factor = match kind {
            Kind::GaussianBlur(_) | Kind::DropShadow(_) => 20.0,
            Kind::DiffuseLighting(_) | Kind::SpecularLighting(_) => 20.0,
            // Both radii, in pixels: each pixel looks at all around it.
            Kind::Morphology(morphology) => {
                let side = |radius: f32, scale: f64| 2.0 * f64::from(radius) * scale + 1.0;
                let around = side(morphology.radius_x().get(), self.scale.0)
                    * side(morphology.radius_y().get(), self.scale.1);
                2.0 * around.min(own)
            }
            Kind::ConvolveMatrix(convolve) => {
                f64::from(convolve.matrix().columns()) * f64::from(convolve.matrix().rows())
            }
            Kind::Turbulence(turbulence) => 60.0 * (1.0 + f64::from(turbulence.num_octaves())),
            Kind::Image(image) => {
                let weight = self.shared(image.root());
                layers += weight.layers;
                return Weight { work: weight.work + 3.0 * own, layers };
            }
            Kind::Merge(merge) => 2.0 + merge.inputs().len() as f64,
            _ => 4.0,
        };
        Weight { work: factor * own, layers }
    }
}
