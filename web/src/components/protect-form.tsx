import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { protections } from '../model/console.ts';
import { words } from '../words/language.ts';

/**
 * Protects the stretch that is marked, with a note of what it is for.
 * @param props.startMs ms since the Unix epoch
 * @param props.endMs ms since the Unix epoch
 */
export function ProtectForm(props: { stream: string; startMs: number; endMs: number }) {
  const say = words.value;
  const { stream, startMs, endMs } = props;
  const isDone = useSignal(false);
  // What was said is of the stretch that was marked then.
  useEffect(() => {
    isDone.value = false;
    protections.message.value = '';
  }, [stream, startMs, endMs, isDone]);
  const protect = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const note = String(new FormData(form).get('note')).trim();
    isDone.value = false;
    isDone.value = await protections.protect(stream, startMs, endMs, note);
    if (isDone.value) form.reset();
  };
  return (
    <>
      <form id="protect-form" class="row" onSubmit={(event) => void protect(event)}>
        <label for="protect-note">
          {say.protectionNote}
          <input
            id="protect-note"
            name="note"
            maxLength={1000}
            autocomplete="off"
            placeholder={say.protectionNoteExample}
          />
        </label>
        <button
          type="submit"
          id="clip-protect"
          class="quiet"
          aria-describedby="protect-hint"
          disabled={protections.isBusy.value}
        >
          {say.protect}
        </button>
      </form>
      <p id="protect-hint" class="hint" role="status">
        {isDone.value ? say.protectionMade : say.protectHint}
      </p>
    </>
  );
}
