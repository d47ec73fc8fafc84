import { Beep, FLASH_SECONDS } from './beep.ts';

const FRAMES_PER_SECOND = 30;
const FLASH_FRAMES = FRAMES_PER_SECOND * FLASH_SECONDS;
// A busy machine may leave out any frame, also the one in which a beep would be thought of.
const SECONDS_AHEAD = 2;
const BAR_COLOURS = ['#c0c0c0', '#c0c000', '#00c0c0', '#00c000', '#c000c0', '#c00000', '#0000c0'];
const NOISE_SIDE = 256;

const wallClockMs = () => performance.timeOrigin + performance.now();

/**
 * A moving picture with sound, for trying the recorder without a camera: wall clock, frame counter,
 * a sweeping bar, a patch of noise that costs an encoder bits, and for 100 ms from each whole second
 * on a white flash with a 1 kHz beep, by which picture and sound can be held against each other.
 */
export class TestPicture {
  /** Frames drawn since the start. */
  framesDrawn = 0;

  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #noise = noisePattern();
  /** One video track and one audio track. */
  #stream: MediaStream | undefined;
  #timer: Worker | undefined;
  #beep: Beep | undefined;

  /** @param canvas where to draw; its size is the picture's */
  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#context = contextOf(canvas);
  }

  /** Starts drawing and beeping. Needs a user's gesture before, as browsers ask of all sound. */
  async start(): Promise<MediaStream> {
    const beep = await Beep.start();
    this.#beep = beep;
    this.#draw(Math.round((wallClockMs() * FRAMES_PER_SECOND) / 1000));
    // Without a rate a frame is taken whenever one was drawn; with one, a second timer beats with ours.
    const video = this.#canvas.captureStream();
    const stream = new MediaStream([...video.getVideoTracks(), ...beep.tracks]);
    this.#stream = stream;
    this.#timer = new Worker(new URL('./frame-timer.ts', import.meta.url), { type: 'module' });
    this.#timer.onmessage = ({ data }) => this.#tick(data, beep);
    this.#timer.postMessage(FRAMES_PER_SECOND);
    return stream;
  }

  /** Ends both tracks. */
  stop(): void {
    this.#timer?.terminate();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#beep?.stop();
  }

  /** @param frame 1/30 s since the Unix epoch */
  #tick(frame: number, beep: Beep): void {
    this.#draw(frame);
    beep.observe(wallClockMs());
    beep.scheduleUntil(Math.floor(frame / FRAMES_PER_SECOND) + SECONDS_AHEAD);
  }

  /** @param frame 1/30 s since the Unix epoch */
  #draw(frame: number): void {
    const { width, height } = this.#canvas;
    const context = this.#context;
    const flash = frame % FRAMES_PER_SECOND < FLASH_FRAMES;
    const unit = height / 36;

    context.fillStyle = flash ? '#fff' : '#10151a';
    context.fillRect(0, 0, width, height);
    if (!flash) {
      const barWidth = width / BAR_COLOURS.length;
      BAR_COLOURS.forEach((colour, index) => {
        context.fillStyle = colour;
        context.fillRect(index * barWidth, 0, barWidth, height / 3);
      });
      this.#drawNoise(width / 2 - 4 * unit, height / 3, 8 * unit, height / 6);
    }

    context.fillStyle = flash ? '#000' : '#fff';
    const sweep = (frame % (2 * FRAMES_PER_SECOND)) / (2 * FRAMES_PER_SECOND);
    context.fillRect(sweep * (width - unit), height / 2, unit, height / 6);

    const [date = '', time = ''] = new Date(wallClockMs()).toISOString().slice(0, -1).split('T');
    context.textAlign = 'center';
    context.font = `${5 * unit}px monospace`;
    context.fillText(time, width / 2, 29.5 * unit);
    context.font = `${2.2 * unit}px monospace`;
    context.fillText(`${date} UTC   frame ${this.framesDrawn}`, width / 2, 33.5 * unit);
    this.framesDrawn++;
  }

  // A patch of it only: over the whole width it would leave no bits for the rest of the picture.
  #drawNoise(left: number, top: number, width: number, height: number): void {
    const context = this.#context;
    const x = Math.floor(Math.random() * NOISE_SIDE);
    const y = Math.floor(Math.random() * NOISE_SIDE);
    context.save();
    context.translate(left - x, top - y);
    context.fillStyle = this.#noise;
    context.fillRect(x, y, width, height);
    context.restore();
  }
}

/** @throws Error where the browser has none to give */
function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { alpha: false });
  if (context === null) throw new Error('This browser gives no canvas to draw on.');
  return context;
}

function noisePattern(): CanvasPattern {
  const tile = new OffscreenCanvas(NOISE_SIDE, NOISE_SIDE);
  const context = tile.getContext('2d');
  if (context === null) throw new Error('This browser gives no canvas to draw on.');
  const image = context.createImageData(NOISE_SIDE, NOISE_SIDE);
  for (let at = 0; at < image.data.length; at += 4) {
    image.data.fill(64 + Math.random() * 128, at, at + 3);
    image.data[at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  const pattern = context.createPattern(tile, 'repeat');
  if (pattern === null) throw new Error('This browser gives no canvas to draw on.');
  return pattern;
}
