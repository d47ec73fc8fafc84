import { useSignal } from '@preact/signals';
import { useCallback, useEffect, useRef } from 'preact/hooks';
import { ClipPanel } from '../components/clip-panel.tsx';
import { ExportList } from '../components/export-list.tsx';
import { LeftOutNotes } from '../components/left-out-notes.tsx';
import { MomentForm } from '../components/moment-form.tsx';
import { PlaybackControls } from '../components/playback-controls.tsx';
import { listenToKeys } from '../components/playback-keys.ts';
import { ProtectionList } from '../components/protection-list.tsx';
import { StreamPicker } from '../components/stream-picker.tsx';
import { Tiles } from '../components/tiles.tsx';
import { TimelineCanvas } from '../components/timeline-canvas.tsx';
import { playback, timeline } from '../model/console.ts';
import { followPlayback } from '../model/follow-playback.ts';
import { goTo, noteMoment, place } from '../model/location.ts';
import { loadShaka } from '../model/shaka.ts';
import { around } from '../model/time-range.ts';
import { words } from '../words/language.ts';

const NOTE_INTERVAL_MS = 3000;

/** Finds a moment of some streams, and plays them from there. */
export function WatchPage() {
  const say = words.value;
  const screen = useRef<HTMLDivElement>(null);
  const { streams } = place.value;
  const choose = useCallback((epochMs: number) => {
    noteMoment(epochMs);
    void playback.show(epochMs, true);
  }, []);
  const fullScreen = useCallback(() => {
    if (document.fullscreenElement === null) void screen.current!.requestFullscreen();
    else void document.exitFullscreen();
  }, []);

  useEffect(() => {
    // Ready before it is asked for: the first picture has to come at once.
    void loadShaka().catch(() => undefined);
    const stopTimeline = timeline.start();
    const stopFollowing = followPlayback(playback, timeline);
    const stopKeys = listenToKeys(fullScreen);
    const note = setInterval(() => {
      const epochMs = playback.epochMs.peek();
      if (playback.wantsLive) noteMoment(undefined);
      else if (epochMs !== undefined) noteMoment(Math.ceil(epochMs));
    }, NOTE_INTERVAL_MS);
    return () => {
      clearInterval(note);
      stopKeys();
      stopFollowing();
      stopTimeline();
      playback.close();
      playback.watch([]);
    };
  }, [fullScreen]);

  const names = streams.join('\n');
  useEffect(() => {
    const { epochMs } = place.peek();
    timeline.streams.value = streams;
    playback.watch(streams);
    if (playback.epochMs.peek() !== undefined || streams.length === 0) return;
    if (epochMs === undefined) {
      void playback.goLive();
    } else {
      timeline.range.value = around(timeline.range.peek(), epochMs);
      void playback.show(epochMs, true);
    }
  }, [names]);

  return (
    <main class="watch">
      <section class="panel" aria-labelledby="watch-title">
        <div class="panel-head">
          <h2 id="watch-title" tabIndex={-1}>
            {say.watch}
          </h2>
          <StreamPicker
            watched={streams}
            onChange={(watched) =>
              goTo({ page: 'watch', streams: watched, epochMs: playback.epochMs.peek() })
            }
          />
        </div>
        {streams.length === 0 ? (
          <p id="watch-empty">{say.nothingWatched}</p>
        ) : (
          <>
            <MomentForm onChoose={choose} />
            <div class="watch-screen" ref={screen}>
              <Tiles />
              <PlaybackControls onFullScreen={fullScreen} />
            </div>
            <TimelineCanvas onChoose={choose} />
            <p class="message" role="alert">
              {timeline.message}
            </p>
            <LeftOutNotes />
            <p id="timeline-hint" class="hint">
              {say.timelineHint}
            </p>
            <LinkButton />
            <ClipPanel streams={streams} />
            <ProtectionList streams={streams} onChoose={choose} />
          </>
        )}
        <ExportList />
      </section>
    </main>
  );
}

function LinkButton() {
  const say = words.value;
  const isCopied = useSignal(false);
  const copy = async () => {
    const epochMs = playback.shownMs.peek();
    if (epochMs !== undefined) noteMoment(Math.ceil(epochMs));
    await navigator.clipboard?.writeText(location.href);
    isCopied.value = true;
    setTimeout(() => {
      isCopied.value = false;
    }, 2000);
  };
  // Only a page that came by https, or from this machine, may write to the clipboard.
  if (navigator.clipboard === undefined) return null;
  return (
    <button type="button" id="copy-link" class="quiet" onClick={() => void copy()}>
      {isCopied.value ? say.linkCopied : say.copyLink}
    </button>
  );
}
