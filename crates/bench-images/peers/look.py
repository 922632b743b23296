"""Shows what a derivative should look like and what it does: two PNGs, by decoders and a resizer that judge all alike.

look.py ORIGINAL DERIVATIVE EXPECTED.png SEEN.png
"""

import sys

from PIL import Image, ImageOps

original, derivative, expected, seen = sys.argv[1:]


def opened(name):
    image = ImageOps.exif_transpose(Image.open(name))
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def shown(image, name):
    if image.mode == "RGBA":
        ground = Image.new("RGBA", image.size, (128, 128, 128, 255))
        image = Image.alpha_composite(ground, image).convert("RGB")
    image.save(name, compress_level=0)


found = opened(derivative)
full = opened(original)
if full.mode == "RGBA":
    # Colours count by their alpha; Pillow sees to that only in this mode.
    full = full.convert("RGBa").resize(found.size, Image.Resampling.LANCZOS).convert("RGBA")
else:
    full = full.resize(found.size, Image.Resampling.LANCZOS)
shown(full, expected)
shown(found, seen)
