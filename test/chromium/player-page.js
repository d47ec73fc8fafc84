// Runs in the browser, beside dash.js or Shaka; read through `player` by player-page.ts.

const FLASH_LUMA = 200;
const BEEP_LEVEL = 0.1;
const QUIET_MS = 300;

/** How each library opens a manifest, tells what can be sought, and tells its errors. */
const LIBRARIES = {
  'dash.js': {
    async open(video, url, onError) {
      const { dashjs } = globalThis;
      const player = dashjs.MediaPlayer().create();
      player.on(dashjs.MediaPlayer.events.ERROR, ({ error }) =>
        onError(`${error.code} ${error.message}`),
      );
      player.initialize(video, url, true);
      return {
        isLive: () => player.isReady() && player.isDynamic(),
        seekRange: () =>
          player.isReady() && player.isDynamic()
            ? player.getDvrWindow()
            : { start: 0, end: video.duration },
      };
    },
  },
  'hls.js': {
    async open(video, url, onError) {
      const { Hls } = globalThis;
      const player = new Hls();
      // What is not fatal it gets over by itself.
      player.on(Hls.Events.ERROR, (_event, { fatal, details }) => fatal && onError(details));
      player.on(Hls.Events.MANIFEST_PARSED, () => video.play());
      player.loadSource(url);
      player.attachMedia(video);
      const isLive = () => player.latestLevelDetails?.live ?? false;
      return { isLive, seekRange: () => ({ start: 0, end: video.duration }) };
    },
  },
  shaka: {
    async open(video, url, onError) {
      const { shaka } = globalThis;
      const player = new shaka.Player();
      player.addEventListener('error', ({ detail }) =>
        onError(`${detail.code} ${JSON.stringify(detail.data)}`),
      );
      await player.attach(video);
      await player.load(url);
      await video.play();
      return { isLive: () => player.isLive(), seekRange: () => player.seekRange() };
    },
  },
};

let video;
let opened;
let stalls = 0;
const ERRORS = [];
const FLASHES = [];
const BEEPS = [];

addEventListener('error', ({ message }) => ERRORS.push(message));
addEventListener('unhandledrejection', ({ reason }) => ERRORS.push(String(reason)));

function countStalls() {
  let isPlaying = false;
  video.addEventListener('playing', () => {
    isPlaying = true;
  });
  video.addEventListener('seeking', () => {
    isPlaying = false;
  });
  video.addEventListener('waiting', () => {
    if (isPlaying && !video.ended) stalls++;
  });
  video.addEventListener('error', () => ERRORS.push(`${video.error.code} ${video.error.message}`));
}

/** Notes the media time of each picture that turns white. */
function watchFlashes() {
  const context = new OffscreenCanvas(16, 9).getContext('2d', { willReadFrequently: true });
  let wasWhite = true;
  // What comes next is not what followed: a seek into a flash is no beginning of one.
  video.addEventListener('seeking', () => {
    wasWhite = true;
  });
  const look = (_now, { mediaTime }) => {
    context.drawImage(video, 0, 0, 16, 9);
    const { data } = context.getImageData(0, 0, 16, 4);
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) sum += data[i] + data[i + 1] + data[i + 2];
    const isWhite = sum / (data.length * 0.75) > FLASH_LUMA;
    if (isWhite && !wasWhite) FLASHES.push(mediaTime);
    wasWhite = isWhite;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
}

/** Notes the media time of each tone, to some tens of milliseconds: it is looked for every 10 ms. */
function watchBeeps() {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 512 });
  context.createMediaElementSource(video).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let lastLoudMs = performance.now();
  video.addEventListener('seeking', () => {
    lastLoudMs = performance.now();
  });
  setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    if (!samples.some((sample) => Math.abs(sample) > BEEP_LEVEL)) return;
    if (performance.now() - lastLoudMs > QUIET_MS) BEEPS.push(video.currentTime);
    lastLoudMs = performance.now();
  }, 10);
}

globalThis.player = {
  /** Opens a manifest and plays it, from where the library thinks fit. */
  async open(name, url) {
    video = document.querySelector('video');
    countStalls();
    watchFlashes();
    watchBeeps();
    opened = await LIBRARIES[name].open(video, url, (error) => ERRORS.push(error));
  },
  seek(seconds) {
    video.currentTime = seconds;
    // A player that has come to the end pauses there.
    if (video.paused) void video.play();
  },
  status() {
    const { start, end } = opened.seekRange();
    return {
      time: video.currentTime,
      readyState: video.readyState,
      isSeeking: video.seeking,
      isEnded: video.ended,
      isLive: opened.isLive(),
      seekStart: start,
      seekEnd: end,
      width: video.videoWidth,
      height: video.videoHeight,
      stalls,
      errors: ERRORS,
      flashes: FLASHES,
      beeps: BEEPS,
    };
  },
};
