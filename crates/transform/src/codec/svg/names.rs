//! What may stand in a drawing that is handed on: elements and attributes that draw, and nothing that acts or fetches.

/// Those of SVG 1.1 and 2 without scripts, pages of other languages (`foreignObject`), metadata and fonts. Sorted.
#[rustfmt::skip]
const ELEMENTS: [&str; 59] = [
    "a", "animate", "animateMotion", "animateTransform", "circle", "clipPath", "defs", "desc", "ellipse",
    "feBlend", "feColorMatrix", "feComponentTransfer", "feComposite", "feConvolveMatrix",
    "feDiffuseLighting", "feDisplacementMap", "feDistantLight", "feDropShadow", "feFlood", "feFuncA",
    "feFuncB", "feFuncG", "feFuncR", "feGaussianBlur", "feImage", "feMerge", "feMergeNode", "feMorphology",
    "feOffset", "fePointLight", "feSpecularLighting", "feSpotLight", "feTile", "feTurbulence", "filter",
    "g", "image", "line", "linearGradient", "marker", "mask", "mpath", "path", "pattern", "polygon",
    "polyline", "radialGradient", "rect", "set", "stop", "style", "svg", "switch", "symbol", "text",
    "textPath", "title", "tspan", "use",
];

/// Those of all these elements; what a browser would run (`onload` and its like) is not among them. Sorted.
#[rustfmt::skip]
const ATTRIBUTES: [&str; 206] = [
    "accumulate", "additive", "alignment-baseline", "amplitude", "aria-hidden", "aria-label",
    "aria-labelledby", "attributeName", "attributeType", "azimuth", "background-color", "baseFrequency",
    "baseline-shift", "begin", "bias", "by", "calcMode", "class", "clip", "clip-path", "clip-rule",
    "clipPathUnits", "color", "color-interpolation", "color-interpolation-filters", "color-rendering", "cx",
    "cy", "d", "diffuseConstant", "direction", "display", "divisor", "dominant-baseline", "dur", "dx", "dy",
    "edgeMode", "elevation", "enable-background", "end", "exponent", "fill", "fill-opacity", "fill-rule",
    "filter", "filterRes", "filterUnits", "flood-color", "flood-opacity", "font", "font-family",
    "font-feature-settings", "font-kerning", "font-size", "font-size-adjust", "font-stretch", "font-style",
    "font-variant", "font-variant-caps", "font-variant-east-asian", "font-variant-ligatures",
    "font-variant-numeric", "font-variation-settings", "font-weight", "fr", "from", "fx", "fy",
    "glyph-orientation-horizontal", "glyph-orientation-vertical", "gradientTransform", "gradientUnits",
    "height", "href", "id", "image-rendering", "in", "in2", "inline-size", "intercept", "isolation", "k1",
    "k2", "k3", "k4", "kernelMatrix", "kernelUnitLength", "kerning", "keyPoints", "keySplines", "keyTimes",
    "lang", "lengthAdjust", "letter-spacing", "lighting-color", "limitingConeAngle", "line-height",
    "marker-end", "marker-mid", "marker-start", "markerHeight", "markerUnits", "markerWidth", "mask",
    "mask-type", "maskContentUnits", "maskUnits", "max", "media", "method", "min", "mix-blend-mode", "mode",
    "numOctaves", "offset", "opacity", "operator", "order", "orient", "origin", "overflow", "paint-order",
    "path", "pathLength", "patternContentUnits", "patternTransform", "patternUnits", "points", "pointsAtX",
    "pointsAtY", "pointsAtZ", "preserveAlpha", "preserveAspectRatio", "primitiveUnits", "r", "radius",
    "refX", "refY", "repeatCount", "repeatDur", "requiredExtensions", "requiredFeatures", "restart",
    "result", "role", "rotate", "rx", "ry", "scale", "seed", "shape-rendering", "side", "slope", "spacing",
    "specularConstant", "specularExponent", "spreadMethod", "startOffset", "stdDeviation", "stitchTiles",
    "stop-color", "stop-opacity", "stroke", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap",
    "stroke-linejoin", "stroke-miterlimit", "stroke-opacity", "stroke-width", "style", "surfaceScale",
    "systemLanguage", "tableValues", "targetX", "targetY", "text-anchor", "text-decoration",
    "text-rendering", "text-transform", "textLength", "to", "transform", "transform-box",
    "transform-origin", "type", "unicode-bidi", "values", "vector-effect", "version", "viewBox",
    "visibility", "white-space", "width", "word-spacing", "writing-mode", "x", "x1", "x2",
    "xChannelSelector", "y", "y1", "y2", "yChannelSelector", "z",
];

/// What an animation may not move: with these it could point elsewhere what was looked at before.
const UNMOVED: [&str; 6] = ["attributeName", "class", "href", "id", "lang", "style"];

pub(super) fn is_element(name: &str) -> bool {
    ELEMENTS.binary_search(&name).is_ok()
}

pub(super) fn is_attribute(name: &str) -> bool {
    ATTRIBUTES.binary_search(&name).is_ok()
}

/// Whether an animation may change this attribute.
pub(super) fn moves(name: &str) -> bool {
    is_attribute(name) && !UNMOVED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found() {
        for names in [&ELEMENTS[..], &ATTRIBUTES[..]] {
            assert!(names.is_sorted_by(|one, other| one < other));
        }
        assert!(ELEMENTS.into_iter().all(is_element) && ATTRIBUTES.into_iter().all(is_attribute));
        for name in ["script", "foreignObject", "handler", "listener", "metadata", "iframe", "SCRIPT", ""] {
            assert!(!is_element(name), "{name}");
        }
        assert!(ATTRIBUTES.into_iter().all(|name| !name.starts_with("on") && name != "src"));
        assert!(moves("fill") && !moves("href") && !moves("onclick") && !moves("style"));
    }
}
