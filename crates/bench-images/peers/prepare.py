"""Collects the originals of the benchmark in a folder, and writes down what they are.

prepare.py FOLDER PHOTOGRAPHS...

What is there in one kind only is brought into the others: progressive JPEG of the same coefficients, PNG with
an alpha channel, WebP and AVIF, GIF that moves. FOLDER/originals.tsv has a line for each: name, kind, width, height.
"""

import pathlib
import shutil
import sys

from PIL import Image, ImageDraw

# Larger ones say no more and take long.
PIXELS_MAX = 20_000_000
# Of the kinds that are made here.
MADE = 8


def kind_of(image):
    if image.format == "JPEG":
        if image.mode not in ("RGB", "L"):
            return None
        return "progressive" if image.info.get("progressive") else "jpeg"
    if image.format in ("WEBP", "AVIF") and not getattr(image, "is_animated", False):
        return None if image.has_transparency_data else image.format.lower()
    if image.format == "GIF":
        return "moving" if getattr(image, "is_animated", False) else None
    if image.format == "PNG" and image.mode in ("RGB", "RGBA"):
        return "alpha" if image.has_transparency_data else "png"
    return None


def with_alpha(image):
    """A disc that fades towards its edge, on nothing."""
    image = image.convert("RGB")
    image.thumbnail((2000, 1500))
    small = Image.new("L", (64, 64), 0)
    ImageDraw.Draw(small).ellipse((2, 2, 61, 61), fill=255)
    image.putalpha(small.resize(image.size, Image.Resampling.BICUBIC))
    return image


def moving(image):
    """A walk over the picture, 24 steps, as films become GIFs."""
    image = image.convert("RGB")
    image.thumbnail((960, 960))
    width, height = 480, 320
    frames = []
    for step in range(24):
        left = (image.width - width) * step // 23
        top = (image.height - height) * step // 23
        frames.append(image.crop((left, top, left + width, top + height)).quantize(256))
    return frames


folder = pathlib.Path(sys.argv[1])
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
lines = []


def note(name, kind, size):
    lines.append(f"{name}\t{kind}\t{size[0]}\t{size[1]}")


photographs = []
for path in sorted(map(pathlib.Path, sys.argv[2:]), key=lambda path: path.name):
    try:
        image = Image.open(path)
        image.load()
    except (OSError, SyntaxError):
        continue
    kind = kind_of(image)
    if kind is None or image.width * image.height > PIXELS_MAX or min(image.size) < 200:
        continue
    shutil.copyfile(path, folder / path.name)
    note(path.name, kind, image.size)
    if kind == "jpeg" and image.mode == "RGB" and image.width >= 1200:
        photographs.append((path, image))

photographs.sort(key=lambda one: -one[1].width * one[1].height)
for path, image in photographs[:MADE]:
    name = f"{path.stem}-made.jpg"
    again = Image.open(path)
    again.save(folder / name, "JPEG", quality="keep", progressive=True)
    note(name, "progressive", image.size)
    name = f"{path.stem}-made.png"
    faded = with_alpha(image)
    faded.save(folder / name)
    note(name, "alpha", faded.size)
    name = f"{path.stem}-made.webp"
    image.save(folder / name, quality=85)
    note(name, "webp", image.size)
    name = f"{path.stem}-made.avif"
    image.save(folder / name, quality=75, speed=9)
    note(name, "avif", image.size)
    name = f"{path.stem}-made.gif"
    first, *others = moving(image)
    first.save(folder / name, save_all=True, append_images=others, duration=80, loop=0)
    note(name, "moving", first.size)

(folder / "originals.tsv").write_text("\n".join(lines) + "\n")
print(f"{len(lines)} originals in {folder}")
