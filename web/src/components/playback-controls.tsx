import { playback } from '../model/console.ts';
import { RATES } from '../model/playback.ts';
import { words } from '../words/language.ts';
import { PlaybackClock } from './tiles.tsx';

/** What plays and pauses what is watched. */
export function PlaybackControls({ onFullScreen }: { onFullScreen: () => void }) {
  const say = words.value;
  const isPlaying = playback.isPlaying.value;
  const isIdle = !playback.hasMoment.value;
  const button = (id: string, label: string, text: string, onClick: () => void) => (
    <button
      type="button"
      id={id}
      class="quiet"
      aria-label={label}
      title={label}
      disabled={isIdle}
      onClick={onClick}
    >
      {text}
    </button>
  );
  return (
    <fieldset class="controls" aria-label={say.controls}>
      {button('playback-back', say.back, '−10 s', () => playback.skip(-10_000))}
      {button('playback-step-back', say.frameBack, '◂|', () => playback.step(-1))}
      <button
        type="button"
        id="playback-toggle"
        aria-label={isPlaying ? say.pause : say.play}
        disabled={isIdle}
        onClick={() => playback.toggle()}
      >
        {isPlaying ? '❚❚' : '▶'}
      </button>
      {button('playback-step', say.frameForward, '|▸', () => playback.step(1))}
      {button('playback-forward', say.forward, '+10 s', () => playback.skip(10_000))}
      <button
        type="button"
        id="playback-live"
        class="quiet"
        disabled={playback.isAtLive.value || !playback.hasTiles.value}
        onClick={() => void playback.goLive()}
      >
        {playback.isAtLive.value ? say.live : say.goLive}
      </button>
      <PlaybackClock />
      <span id="playback-awaits" class="hint" role="status">
        {playback.isAwaitingLive && say.awaitsLive}
      </span>
      <span class="spring" />
      <label class="inline">
        {say.speed}
        <select
          id="playback-rate"
          value={playback.rate.value}
          onChange={(event) => playback.setRate(Number(event.currentTarget.value))}
        >
          {RATES.map((rate) => (
            <option key={rate} value={rate}>{`${rate}×`}</option>
          ))}
        </select>
      </label>
      <button
        type="button"
        id="playback-mute"
        class="quiet"
        aria-pressed={playback.isMuted.value}
        onClick={() => playback.toggleMute()}
      >
        {playback.isMuted.value ? say.unmute : say.mute}
      </button>
      <input
        id="playback-volume"
        type="range"
        min="0"
        max="1"
        step="0.05"
        aria-label={say.volume}
        value={playback.isMuted.value ? 0 : playback.volume.value}
        onInput={(event) => playback.setVolume(Number(event.currentTarget.value))}
      />
      <button type="button" id="playback-full" class="quiet" onClick={onFullScreen}>
        {say.fullScreen}
      </button>
    </fieldset>
  );
}
