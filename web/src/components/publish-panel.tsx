import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { publication } from '../model/console.ts';
import { words } from '../words/language.ts';
import { PublicationFigures } from './publication-figures.tsx';

const SIZES = ['640x360', '1280x720', '1920x1080'];

function startFrom(form: HTMLFormElement): void {
  const settings = new FormData(form);
  const [width = 0, height = 0] = String(settings.get('size')).split('x').map(Number);
  void publication.start({
    stream: String(settings.get('stream')).trim(),
    source: settings.get('source') === 'camera' ? 'camera' : 'test-picture',
    width,
    height,
    codec: String(settings.get('codec') ?? ''),
    bitsPerSecond: Number(settings.get('megabits')) * 1e6,
    isRecorded: settings.has('record'),
  });
}

/** By which this browser publishes a stream. */
export function PublishPanel() {
  const say = words.value;
  const state = publication.state.value;
  const isIdle = state === 'idle' || state === 'failed';
  return (
    <section aria-labelledby="publish-title" class="panel" id="publish">
      <h2 id="publish-title">{say.publishTitle}</h2>
      <form
        id="publish-form"
        data-state={state}
        onSubmit={(event) => {
          event.preventDefault();
          startFrom(event.currentTarget);
        }}
      >
        <PublicationFields isIdle={isIdle} />
        <div class="row">
          <button type="submit" id="publish-start" disabled={!isIdle}>
            {say.publish}
          </button>
          <button
            type="button"
            id="publish-stop"
            disabled={isIdle}
            onClick={() => void publication.stop()}
          >
            {say.stop}
          </button>
          <output id="publish-state" class="badge" data-state={state}>
            {say.publicationStates[state]}
          </output>
        </div>
        <p id="publish-message" class="message" role="alert">
          {publication.message}
        </p>
      </form>
      <PublicationPreview isHidden={isIdle} />
    </section>
  );
}

function PublicationFields({ isIdle }: { isIdle: boolean }) {
  const say = words.value;
  const source = useSignal('test-picture');
  const sources = { 'test-picture': say.testPicture, camera: say.camera };
  return (
    <fieldset id="publish-settings" disabled={!isIdle}>
      <legend class="hidden">{say.whatToPublish}</legend>
      <div class="choices" role="radiogroup" aria-label={say.source}>
        {Object.entries(sources).map(([value, label]) => (
          <label key={value}>
            <input
              type="radio"
              name="source"
              value={value}
              checked={source.value === value}
              onChange={() => {
                source.value = value;
              }}
            />
            {label}
          </label>
        ))}
      </div>
      <div class="fields">
        <label>
          {say.streamName}
          <input
            name="stream"
            required
            maxLength={200}
            defaultValue="browser"
            autocomplete="off"
            spellcheck={false}
          />
        </label>
        <label>
          {say.picture}
          <select name="size">
            {SIZES.map((size) => (
              <option key={size} value={size} selected={size === '1280x720'}>
                {size.replace('x', ' × ')}
              </option>
            ))}
          </select>
        </label>
        <label hidden={publication.codecs.value.length === 0}>
          {say.codec}
          <select name="codec" id="publish-codec">
            {publication.codecs.value.map((name) => (
              <option key={name} value={name}>
                {name.toUpperCase()}
              </option>
            ))}
          </select>
        </label>
        <label>
          {say.megabits}
          <input
            name="megabits"
            type="number"
            required
            min="0.1"
            max="20"
            step="0.1"
            defaultValue="2.5"
          />
        </label>
      </div>
      <label class="inline">
        <input type="checkbox" name="record" defaultChecked />
        {say.recordIt}
      </label>
    </fieldset>
  );
}

function PublicationPreview({ isHidden }: { isHidden: boolean }) {
  const say = words.value;
  const place = useRef<HTMLDivElement>(null);
  const camera = useRef<HTMLVideoElement>(null);
  const stream = publication.camera.value;
  useLayoutEffect(() => place.current!.replaceChildren(publication.canvas), []);
  useLayoutEffect(() => {
    camera.current!.srcObject = stream ?? null;
  }, [stream]);
  const statistics = publication.statistics.value;
  return (
    <div
      id="publish-preview"
      hidden={isHidden}
      data-bits-per-second={statistics && Math.round(statistics.bitsPerSecond)}
      data-frames-encoded={statistics?.framesEncoded}
      data-frames-sent={statistics?.framesSent}
    >
      <div ref={place} role="img" aria-label={say.testPictureHint} hidden={stream !== undefined} />
      <video
        id="camera-preview"
        ref={camera}
        muted
        playsInline
        autoplay
        aria-label={say.cameraHint}
        hidden={stream === undefined}
      />
      <PublicationFigures statistics={statistics} />
    </div>
  );
}
