"""Makes a derivative with the system's libvips as often as asked for, and says what each time cost.

vips.py versions
vips.py try INPUT FORMAT
vips.py INPUT OUTPUT TIMES WIDTH FORMAT QUALITY EFFORT      (0: no resize; -: libvips's own default)

Ends with 69 (EX_UNAVAILABLE of sysexits.h) and a reason where libvips is not there, or, tried, was built without what
reads the input or writes the format.
"""

import resource
import sys
import time

UNAVAILABLE = 69
# What a side is that nobody limits: VIPS_MAX_COORD.
ANY = 10_000_000
# What WebP keeps in 8.14 although it is told to strip: https://github.com/libvips/libvips/issues/3340
METADATA = ["exif-data", "icc-profile-data", "iptc-data", "xmp-data"]


def unavailable(reason):
    # The first line says it; libvips repeats itself in the others.
    print(str(reason).strip().splitlines()[0], file=sys.stderr)
    sys.exit(UNAVAILABLE)


try:
    import pyvips
except (ImportError, OSError) as error:
    unavailable(error)


def cpu():
    # Of all threads.
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def make(original, width, form, options):
    # Decodes at a fraction of the size where the format can, and turns as EXIF says. Pages are asked for only where there
    # can be some: other loaders know no such word.
    pages = "n=-1" if original.startswith(b"GIF8") else ""
    image = pyvips.Image.thumbnail_buffer(original, width or ANY, height=ANY, size="down", option_string=pages)
    if image.get_typeof("icc-profile-data"):
        # Told as export_profile it would be done to pictures without a profile, too, and cost them half as much again.
        image = image.icc_transform("srgb", embedded=True, intent="perceptual")
    image = image.copy()
    for metadata in METADATA:
        image.remove(metadata)
    return image.write_to_buffer(f".{form}", strip=True, **options)


def main():
    if sys.argv[1] == "versions":
        numbers = ".".join(str(pyvips.version(part)) for part in range(3))
        print(f"the system's libvips {numbers}")
        return
    if sys.argv[1] == "try":
        name, form = sys.argv[2:]
        with open(name, "rb") as file:
            original = file.read()
        try:
            make(original, 16, form, {})
        except pyvips.Error as error:
            unavailable(error.detail or error.message)
        return
    name, output, times, width, form, quality, effort = sys.argv[1:]
    with open(name, "rb") as file:
        original = file.read()
    # Else the second derivative would be the first one again.
    pyvips.cache_set_max(0)
    options = {}
    if form == "jpeg":
        # As the others do by default.
        options["optimize_coding"] = True
    if quality != "-":
        options["Q"] = int(quality)
    if effort != "-":
        options["effort"] = int(effort)
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
