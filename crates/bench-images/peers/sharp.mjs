// Makes a derivative with sharp as often as asked for, and says what each time cost.
//
// sharp.mjs versions
// sharp.mjs INPUT OUTPUT TIMES WIDTH FORMAT QUALITY EFFORT      (0: no resize; -: sharp's own default)
import { readFileSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';

const [input, output, times, width, format, quality, effort] = process.argv.slice(2);
if (input === 'versions') {
  console.log(`sharp ${sharp.versions.sharp} (libvips ${sharp.versions.vips})`);
  process.exit(0);
}
const original = readFileSync(input);
const moves = input.endsWith('.gif');
const options = {};
if (quality !== '-') options.quality = Number(quality);
if (effort !== '-') options.effort = Number(effort);

let derivative;
for (let time = 0; time <= Number(times); time++) {
  const before = process.cpuUsage();
  const started = process.hrtime.bigint();
  let pipeline = moves ? sharp(original, { animated: true }) : sharp(original).autoOrient();
  if (Number(width) > 0) pipeline = pipeline.resize({ width: Number(width) });
  derivative = await pipeline.toFormat(format, options).toBuffer();
  const wall = Number(process.hrtime.bigint() - started) / 1000;
  const used = process.cpuUsage(before);
  // The first one warms up.
  if (time > 0) console.log(`time ${used.user + used.system} ${Math.round(wall)}`);
}
const status = readFileSync('/proc/self/status', 'utf8');
console.log(`peak ${/VmHWM:\s*(\d+)/.exec(status)[1]}`);
writeFileSync(output, derivative);
