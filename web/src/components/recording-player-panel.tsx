import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { recordingPlayer } from '../model/console.ts';
import { momentInWords, spanInWords } from '../model/units.ts';
import { words } from '../words/language.ts';

const RATES = [0.5, 1, 2, 4];

/** Plays what is recorded of a day. */
export function RecordingPlayerPanel() {
  const say = words.value;
  const player = recordingPlayer;
  const video = useRef<HTMLVideoElement>(null);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => player.attach(video.current!), [player]);
  const opened = player.opened.value;
  useEffect(() => {
    if (opened !== undefined) panel.current!.scrollIntoView({ block: 'nearest' });
  }, [opened]);
  const { isStopped, isMuted, isLive } = player.position.value;
  return (
    <section
      aria-labelledby="player-title"
      class="panel"
      id="player"
      ref={panel}
      data-mpd-path={opened?.mpdPath}
      hidden={opened === undefined}
    >
      <div class="panel-head">
        <h2 id="player-title">{opened ? say.playerOf(opened.stream) : say.player}</h2>
        <button type="button" id="player-close" class="quiet" onClick={() => void player.close()}>
          {say.close}
        </button>
      </div>
      <div class="screen">
        {/* biome-ignore lint/a11y/useMediaCaption: a recording holds picture and sound only */}
        <video id="player-video" ref={video} playsInline onClick={() => player.toggle()} />
        <p id="player-waiting" class="screen-note" hidden={!player.isWaiting.value}>
          {say.loading}
        </p>
      </div>
      <div class="controls">
        <button
          type="button"
          id="player-toggle"
          aria-label={isStopped ? say.play : say.pause}
          onClick={() => player.toggle()}
        >
          {isStopped ? '▶' : '❚❚'}
        </button>
        <SeekBar />
        <button
          type="button"
          id="player-live"
          class="quiet"
          hidden={!isLive}
          disabled={player.isAtLive.value}
          onClick={() => player.goToLive()}
        >
          {player.isAtLive.value ? say.live : say.goLive}
        </button>
      </div>
      <div class="controls">
        <PlayerTimes />
        <span class="spring" />
        <label class="inline">
          {say.speed}
          <select
            id="player-rate"
            value={player.position.value.rate}
            onChange={(event) => player.setRate(Number(event.currentTarget.value))}
          >
            {RATES.map((rate) => (
              <option key={rate} value={rate}>{`${rate}×`}</option>
            ))}
          </select>
        </label>
        <button
          type="button"
          id="player-mute"
          class="quiet"
          aria-pressed={isMuted}
          onClick={() => player.toggleMute()}
        >
          {isMuted ? say.unmute : say.mute}
        </button>
        <button
          type="button"
          id="player-full"
          class="quiet"
          onClick={() => void video.current!.requestFullscreen()}
        >
          {say.fullScreen}
        </button>
      </div>
      <p id="player-error" class="message error" role="alert">
        {player.message}
      </p>
    </section>
  );
}

function timesInWords(time: number) {
  const { start, end } = recordingPlayer.position.value;
  const epochMs = recordingPlayer.epochMs(time);
  return {
    passed: spanInWords(time - start),
    whole: spanInWords(end - start),
    moment: epochMs === undefined ? '' : momentInWords(epochMs),
    iso: epochMs === undefined ? '' : new Date(epochMs).toISOString(),
  };
}

function PlayerTimes() {
  const { passed, whole, moment, iso } = timesInWords(recordingPlayer.position.value.time);
  return (
    <>
      <span id="player-time" class="figures">{`${passed} / ${whole}`}</span>
      <time id="player-clock" class="figures" dateTime={iso}>
        {moment}
      </time>
    </>
  );
}

function SeekBar() {
  const dragged = useSignal<number | undefined>(undefined);
  const { start, end, time } = recordingPlayer.position.value;
  const position = dragged.value ?? time;
  const { passed, whole, moment } = timesInWords(position);
  return (
    <input
      id="player-seek"
      type="range"
      min={start}
      max={end}
      step="0.1"
      value={position}
      aria-label={words.value.position}
      aria-valuetext={words.value.positionOf(passed, whole, moment)}
      onInput={(event) => {
        dragged.value = Number(event.currentTarget.value);
      }}
      onChange={(event) => {
        dragged.value = undefined;
        recordingPlayer.seek(Number(event.currentTarget.value));
      }}
    />
  );
}
