"""Makes a derivative with Pillow as often as asked for, and says what each time cost.

pillow.py versions
pillow.py INPUT OUTPUT TIMES WIDTH FORMAT QUALITY EFFORT      (0: no resize; -: Pillow's own default)
"""

import io
import resource
import sys
import time

from PIL import Image, ImageOps, ImageSequence, features
import PIL


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def make(original, width, form, options):
    image = Image.open(io.BytesIO(original))
    if getattr(image, "is_animated", False):
        return make_moving(image, width, form, options)
    if width > 0:
        # Lets JPEG decode at a fraction of its size, and reduces by whole numbers first: Pillow's own advice.
        height = max(1, round(image.height * width / image.width))
        image.thumbnail((width, height), Image.Resampling.LANCZOS)
    image = ImageOps.exif_transpose(image)
    made = io.BytesIO()
    image.save(made, form, **options)
    return made.getvalue()


def make_moving(image, width, form, options):
    height = max(1, round(image.height * width / image.width))
    frames, durations = [], []
    for frame in ImageSequence.Iterator(image):
        durations.append(frame.info.get("duration", 100))
        frames.append(frame.convert("RGBA").resize((width, height), Image.Resampling.LANCZOS))
    made = io.BytesIO()
    frames[0].save(made, form, save_all=True, append_images=frames[1:], duration=durations, loop=0, **options)
    return made.getvalue()


def main():
    if sys.argv[1] == "versions":
        print(f"Pillow {PIL.__version__} (libjpeg-turbo {features.version('libjpeg_turbo')})")
        return
    name, output, times, width, form, quality, effort = sys.argv[1:]
    with open(name, "rb") as file:
        original = file.read()
    options = {}
    if form == "jpeg":
        # As the others do by default.
        options["optimize"] = True
    if quality != "-":
        options["quality"] = int(quality)
    if effort != "-":
        # What both call effort runs the other way round in AVIF.
        options.update({"webp": {"method": int(effort)}, "avif": {"speed": 9 - int(effort)}}[form])
    made = b""
    for turn in range(int(times) + 1):
        before, started = cpu(), time.perf_counter()
        made = make(original, int(width), form, options)
        wall, used = time.perf_counter() - started, cpu() - before
        # The first one warms up.
        if turn > 0:
            print("time", round(used * 1e6), round(wall * 1e6))
    with open("/proc/self/status") as status:
        print("peak", next(line.split()[1] for line in status if line.startswith("VmHWM")))
    with open(output, "wb") as file:
        file.write(made)


main()
