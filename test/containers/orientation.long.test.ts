import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BufferSource, Input, WEBM } from 'mediabunny';
import type { Page } from 'playwright-core';
import t from 'tap';
import { H264ParameterSets } from '../../src/codecs/h264/parameter-sets.ts';
import { videoCodec } from '../../src/codecs/registry.ts';
import { readVp8Configuration } from '../../src/codecs/vp8/configuration.ts';
import type { Container } from '../../src/containers/container.ts';
import { mp4 } from '../../src/containers/mp4/container.ts';
import { readTrackMatrix } from '../../src/containers/mp4/track-matrix.ts';
import { trackFormat } from '../../src/containers/track-format.ts';
import { webm } from '../../src/containers/webm/container.ts';
import { ORIENTATIONS, type PictureOrientation } from '../../src/media/picture-orientation.ts';
import { requireChromium } from '../chromium/launch.ts';
import { decodedPictures } from '../codecs/decoded-pictures.ts';
import { encodeFrames } from '../codecs/encoded-frames.ts';
import { encodeH264, probe, requireFfmpeg, segment, videoSamples } from './mp4/encoded-media.ts';

const WIDTH = 64;
const HEIGHT = 48;
const ENCODING = { width: WIDTH, height: HEIGHT, frames: 1, keyframeInterval: 1 };

/** One picture in a container, shown in any orientation. */
interface Clip {
  container: Container;
  demuxer: string;
  mimeType: string;
  file(orientation: PictureOrientation | undefined): Buffer;
}

async function clips(folder: string): Promise<Clip[]> {
  const { units } = await encodeH264(folder, ENCODING);
  const sets = new H264ParameterSets();
  const h264 = segment('video', videoSamples(units, 0, sets), 1);
  const [frame] = await encodeFrames(folder, 'vp8', ENCODING);
  const vp8 = webm.chunk({
    kind: 'video',
    isLengthPrefixed: false,
    sequenceNumber: 1,
    samples: [{ time: 0, duration: 33, keyframe: true, parts: [frame!] }],
  });
  const of = (container: Container, media: Buffer) => {
    const configuration = container === mp4 ? sets.current()! : readVp8Configuration([frame!])!;
    return (orientation: PictureOrientation | undefined) => {
      const track = trackFormat(container, configuration, { ...(orientation && { orientation }) });
      return Buffer.concat([container.initialization(track), media]);
    };
  };
  return [
    {
      ...{ container: mp4, demuxer: 'mp4', file: of(mp4, h264) },
      mimeType: `video/mp4; codecs="${sets.current()!.codecString}"`,
    },
    {
      ...{ container: webm, demuxer: 'matroska', file: of(webm, Buffer.concat(vp8.buffers)) },
      mimeType: 'video/webm; codecs="vp8"',
    },
  ];
}

t.test('FFmpeg shows pictures turned and mirrored as a track says', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const folder = t.testdir();
  for (const { container, demuxer, file } of await clips(folder)) {
    const upright = await decodedPictures(demuxer, file(undefined), 'gray');
    for (const orientation of ORIENTATIONS) {
      const { clockwise, isMirrored } = orientation;
      await t.test(`${container.name}: ${inWords(orientation)}`, async (t) => {
        const bytes = file(orientation);
        const name = path.join(folder, 'turned.media');
        await writeFile(name, bytes);
        const { stream } = await probe(name);
        t.match(stream, { width: WIDTH, height: HEIGHT }, 'ffprobe has what is coded');
        const [matrix] = (stream.side_data_list ?? []) as unknown as { rotation: number }[];
        if (clockwise % 180 !== 0) t.equal(Math.abs(matrix!.rotation), 90);
        else t.equal(matrix === undefined, clockwise === 0 && !isMirrored);
        const shown = turned(upright, orientation);
        t.same(await decodedPictures(demuxer, bytes, 'gray'), shown.pixels);
        const facts = container.readInitialization(bytes);
        t.same([facts?.width, facts?.height], [shown.width, shown.height]);
        t.equal(facts?.orientation, orientation === ORIENTATIONS[0] ? undefined : orientation);
      });
    }
  }
});

t.test('Chromium shows them so in a media source', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const page = await (await requireChromium(t))?.newPage();
  if (page === undefined) return;
  const [clip] = await clips(t.testdir());
  const upright = await shownPicture(page, clip!.mimeType, clip!.file(undefined));
  t.same([upright.width, upright.height], [WIDTH, HEIGHT]);
  for (const orientation of ORIENTATIONS) {
    const { width, height, pixels } = turned(Buffer.from(upright.pixels), orientation);
    const shown = await shownPicture(page, clip!.mimeType, clip!.file(orientation));
    t.same([shown.width, shown.height], [width, height], inWords(orientation));
    t.ok(pixels.equals(Buffer.from(shown.pixels)), inWords(orientation));
  }
});

t.test('another matrix, and a header that is cut short, say nothing', async (t) => {
  t.equal(readTrackMatrix(Buffer.alloc(84)), undefined);
  t.equal(readTrackMatrix(Buffer.alloc(75)), undefined);
});

t.test('colours and the shape of samples are said in WebM as well', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const name = path.join(t.testdir(), 'init.webm');
  const configuration = { kind: 'video', timescale: 1000, sampleEntry: { type: 'V_VP9' } } as const;
  const track = {
    ...{ ...configuration, width: 320, height: 180 },
    colour: { primaries: 9, transfer: 16, matrix: 9, fullRange: true },
    sampleAspectRatio: { width: 4, height: 3 },
  };
  const parts = videoCodec('vp9').blank(undefined).parts(0);
  const media = webm.chunk({
    ...{ kind: 'video', isLengthPrefixed: false, sequenceNumber: 1 },
    samples: [{ time: 0, duration: 33, keyframe: true, parts }],
  });
  await writeFile(name, Buffer.concat([webm.initialization(track), ...media.buffers]));
  const { stream } = await probe(name);
  // Matrix and range are said by a picture of VP9 itself, which goes first.
  t.match(stream, { color_primaries: 'bt2020', color_transfer: 'smpte2084', width: 320 });
  // As wide as whole pixels can be: 427 for 426 and two thirds.
  t.equal(stream.display_aspect_ratio, '427:180');
  const source = new BufferSource(await readFile(name));
  const read = await new Input({ source, formats: [WEBM] }).getPrimaryVideoTrack();
  t.match(await read!.getColorSpace(), { matrix: 'bt2020-ncl', fullRange: true });
});

function inWords({ clockwise, isMirrored }: PictureOrientation): string {
  return `${clockwise}°${isMirrored ? ', mirrored' : ''}`;
}

/** The green of the first picture of a file, as it is shown. */
function shownPicture(
  page: Page,
  mimeType: string,
  bytes: Buffer,
): Promise<{ width: number; height: number; pixels: number[] }> {
  return page.evaluate(`(async () => {
    const video = document.body.appendChild(document.createElement('video'));
    const source = new MediaSource();
    video.src = URL.createObjectURL(source);
    await new Promise((resolve) => source.addEventListener('sourceopen', resolve));
    const buffer = source.addSourceBuffer(${JSON.stringify(mimeType)});
    const loaded = new Promise((resolve, reject) => {
      video.requestVideoFrameCallback(resolve);
      video.addEventListener('error', () => reject(new Error(video.error.message)));
    });
    buffer.appendBuffer(await (await fetch('data:;base64,${bytes.toString('base64')}')).arrayBuffer());
    await new Promise((resolve) => buffer.addEventListener('updateend', resolve));
    source.endOfStream();
    await loaded;
    const { videoWidth: width, videoHeight: height } = video;
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(video, 0, 0);
    video.remove();
    const { data } = context.getImageData(0, 0, width, height);
    return { width, height, pixels: Array.from(data).filter((_, i) => i % 4 === 1) };
  })()`);
}

/** A picture as it is to be shown: mirrored, and then turned. */
function turned(picture: Buffer, { clockwise, isMirrored }: PictureOrientation) {
  let rows = Array.from({ length: HEIGHT }, (_, y) => [
    ...picture.subarray(y * WIDTH, (y + 1) * WIDTH),
  ]);
  if (isMirrored) for (const row of rows) row.reverse();
  for (let at = 0; at < clockwise; at += 90) {
    rows = rows[0]!.map((_, x) => rows.map((row) => row[x]!).reverse());
  }
  return { width: rows[0]!.length, height: rows.length, pixels: Buffer.from(rows.flat()) };
}
