const FRAMES_PER_SECOND = 30;
const FLASH_SECONDS = 0.1;
const FLASH_FRAMES = FRAMES_PER_SECOND * FLASH_SECONDS;
const BEEP_HERTZ = 1000;
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

  #canvas;
  #context;
  #noise = noisePattern();
  /** One video track and one audio track. @type {MediaStream | undefined} */
  #stream;
  /** @type {Worker | undefined} */
  #timer;
  /** @type {Beep | undefined} */
  #beep;

  /** @param {HTMLCanvasElement} canvas where to draw; its size is the picture's */
  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = contextOf(canvas);
  }

  /**
   * Starts drawing and beeping. Needs a user's gesture before, as browsers ask of all sound.
   * @returns {Promise<MediaStream>}
   */
  async start() {
    const beep = await Beep.start();
    this.#beep = beep;
    this.#draw(Math.round((wallClockMs() * FRAMES_PER_SECOND) / 1000));
    // Without a rate a frame is taken whenever one was drawn; with one, a second timer beats with ours.
    const video = this.#canvas.captureStream();
    const stream = new MediaStream([...video.getVideoTracks(), ...beep.tracks]);
    this.#stream = stream;
    this.#timer = new Worker(new URL('frame-timer.js', import.meta.url));
    this.#timer.onmessage = ({ data }) => this.#tick(data, beep);
    this.#timer.postMessage(FRAMES_PER_SECOND);
    return stream;
  }

  /** Ends both tracks. */
  stop() {
    this.#timer?.terminate();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#beep?.stop();
  }

  /**
   * @param {number} frame 1/30 s since the Unix epoch
   * @param {Beep} beep
   */
  #tick(frame, beep) {
    this.#draw(frame);
    beep.observe(wallClockMs());
    beep.scheduleUntil(Math.floor(frame / FRAMES_PER_SECOND) + SECONDS_AHEAD);
  }

  /** @param {number} frame 1/30 s since the Unix epoch */
  #draw(frame) {
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
  /**
   * @param {number} left
   * @param {number} top
   * @param {number} width
   * @param {number} height
   */
  #drawNoise(left, top, width, height) {
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

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {CanvasRenderingContext2D}
 * @throws {Error} where the browser has none to give
 */
function contextOf(canvas) {
  const context = canvas.getContext('2d', { alpha: false });
  if (context === null) throw new Error('This browser cannot draw the test picture.');
  return context;
}

function noisePattern() {
  const tile = new OffscreenCanvas(NOISE_SIDE, NOISE_SIDE);
  const context = tile.getContext('2d');
  if (context === null) throw new Error('This browser cannot draw the test picture.');
  const image = context.createImageData(NOISE_SIDE, NOISE_SIDE);
  for (let at = 0; at < image.data.length; at += 4) {
    image.data.fill(64 + Math.random() * 128, at, at + 3);
    image.data[at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  const pattern = context.createPattern(tile, 'repeat');
  if (pattern === null) throw new Error('This browser cannot draw the test picture.');
  return pattern;
}

/** A tone that can be let through at given moments of the wall clock. */
class Beep {
  #context;
  #gate;
  #destination;
  // Seconds that the wall clock is ahead of the audio clock; the audio clock moves in small jumps.
  // Not a number before the first observation.
  #aheadBy = NaN;
  // Whole second of the wall clock whose beep was scheduled last.
  #scheduled = 0;

  static async start() {
    const beep = new Beep();
    await beep.#context.resume();
    return beep;
  }

  constructor() {
    this.#context = new AudioContext({ sampleRate: 48000 });
    this.#destination = new MediaStreamAudioDestinationNode(this.#context);
    this.#gate = new GainNode(this.#context, { gain: 0 });
    const tone = new OscillatorNode(this.#context, { frequency: BEEP_HERTZ });
    tone.connect(this.#gate).connect(this.#destination);
    tone.start();
  }

  get tracks() {
    return this.#destination.stream.getAudioTracks();
  }

  /** Learns how the two clocks stand. @param {number} nowMs wall clock, ms since the Unix epoch */
  observe(nowMs) {
    const aheadBy = nowMs / 1000 - this.#context.currentTime;
    const jumped = Math.abs(aheadBy - this.#aheadBy) > 0.1;
    if (Number.isNaN(this.#aheadBy) || jumped) this.#aheadBy = aheadBy;
    else this.#aheadBy += (aheadBy - this.#aheadBy) / 16;
  }

  /** Schedules the beeps up to a second that are not yet. @param {number} last seconds since the Unix epoch */
  scheduleUntil(last) {
    const now = this.#context.currentTime;
    const present = Math.floor(now + this.#aheadBy);
    for (let second = Math.max(this.#scheduled + 1, present); second <= last; second++) {
      const start = second - this.#aheadBy;
      this.#scheduled = second;
      if (start + FLASH_SECONDS <= now) continue;
      this.#gate.gain.setValueAtTime(0.5, Math.max(start, now));
      this.#gate.gain.setValueAtTime(0, start + FLASH_SECONDS);
    }
  }

  stop() {
    void this.#context.close();
  }
}
