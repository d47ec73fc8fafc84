import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { Protection } from '../api/protections.ts';
import { protections, timeline } from '../model/console.ts';
import { around } from '../model/time-range.ts';
import { instantInWords } from '../model/time-zone.ts';
import { spanInWords } from '../model/units.ts';
import { words } from '../words/language.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';

/** How many are shown before one asks for all. */
const FEW = 5;

/** What is protected of the streams that are watched. */
export function ProtectionList(props: { streams: string[]; onChoose: (epochMs: number) => void }) {
  const say = words.value;
  const isWhole = useSignal(false);
  const shown = protections.list.value
    .filter(({ stream }) => props.streams.includes(stream))
    .toSorted((a, b) => b.start_ts - a.start_ts);
  return (
    <>
      <p id="protection-message" class="message" role="alert">
        {protections.message}
      </p>
      {shown.length > 0 && (
        <>
          <h3 id="protections-title">{say.protections}</h3>
          <ul id="protections" class="exports" aria-labelledby="protections-title">
            {shown.slice(0, isWhole.value ? undefined : FEW).map((protection) => (
              <ProtectionItem
                key={protection.id}
                protection={protection}
                onChoose={props.onChoose}
              />
            ))}
          </ul>
          {shown.length > FEW && !isWhole.value && (
            <button
              type="button"
              class="quiet stream-days"
              onClick={() => {
                isWhole.value = true;
              }}
            >
              {say.allProtections(shown.length)}
            </button>
          )}
        </>
      )}
    </>
  );
}

function ProtectionItem(props: { protection: Protection; onChoose: (epochMs: number) => void }) {
  const say = words.value;
  const { id, stream, start_ts: startUs, end_ts: endUs, note } = props.protection;
  const dialog = useRef<HTMLDialogElement>(null);
  const name = say.exportOf(
    stream,
    instantInWords(startUs / 1000),
    spanInWords(Math.round((endUs - startUs) / 1e6)),
  );
  const play = () => {
    const startMs = Math.ceil(startUs / 1000);
    timeline.range.value = around(timeline.range.peek(), startMs);
    props.onChoose(startMs);
  };
  const lift = async () => {
    const isLifted = await protections.lift(id);
    dialog.current?.close();
    // What had the focus before is gone.
    if (isLifted) document.getElementById('clip-title')?.focus();
  };
  return (
    <li class="export protection">
      <div class="export-facts">
        <strong>{name}</strong>
        <p class="hint">{note}</p>
      </div>
      <button
        type="button"
        class="quiet protection-play"
        aria-label={`${say.play}: ${name}`}
        onClick={play}
      >
        {say.play}
      </button>
      <button
        type="button"
        class="quiet protection-lift"
        aria-label={`${say.liftProtection}: ${name}`}
        onClick={() => dialog.current!.showModal()}
      >
        {say.liftProtection}
      </button>
      <ConfirmDialog
        dialog={dialog}
        label={`${say.liftProtection}: ${name}`}
        question={say.liftQuestion}
        name={name}
        action={{
          class: 'dialog-lift',
          label: say.liftIt,
          isDisabled: protections.isBusy.value,
          run: lift,
        }}
      >
        <p class="hint">{say.liftHint}</p>
      </ConfirmDialog>
    </li>
  );
}
