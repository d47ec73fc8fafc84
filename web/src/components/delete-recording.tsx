import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { deleteRange, type RangeDeletion } from '../api/deletion.ts';
import { messageOf } from '../api/request.ts';
import { refresh } from '../model/streams.ts';
import { bytesInWords } from '../model/units.ts';
import { words } from '../words/language.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';

/**
 * Deletes what is recorded of a stream in a range, once what that is was read and confirmed.
 * @param props.startUs µs since the Unix epoch
 * @param props.endUs µs since the Unix epoch
 * @param props.name what it is, for the reader
 */
export function DeleteRecording(props: {
  stream: string;
  startUs: number;
  endUs: number;
  name: string;
}) {
  const say = words.value;
  const { stream, startUs, endUs, name } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const plan = useSignal<RangeDeletion | undefined>(undefined);
  const message = useSignal('');
  const isBusy = useSignal(false);

  const ask = async () => {
    plan.value = undefined;
    message.value = '';
    dialog.current!.showModal();
    try {
      plan.value = await deleteRange(stream, startUs, endUs, true);
    } catch (error) {
      message.value = messageOf(error);
    }
  };
  const remove = async () => {
    isBusy.value = true;
    try {
      await deleteRange(stream, startUs, endUs, false);
      await refresh();
      dialog.current?.close();
      // What had the focus before may be gone.
      document.getElementById('streams-title')?.focus();
    } catch (error) {
      message.value = messageOf(error);
    } finally {
      isBusy.value = false;
    }
  };

  const bytes = bytesOf(plan.value?.deleted);
  return (
    <>
      <button
        type="button"
        class="quiet recording-delete"
        aria-label={say.deleteRecordingOf(name)}
        onClick={() => void ask()}
      >
        {say.deleteRecording}
      </button>
      <ConfirmDialog
        dialog={dialog}
        label={say.deleteRecordingOf(name)}
        question={say.deleteQuestion}
        name={name}
        action={{
          class: 'dialog-delete',
          label: say.deleteIt,
          isDisabled: bytes === 0 || isBusy.value,
          run: remove,
        }}
      >
        <p class="hint" role="status">
          {plan.value !== undefined &&
            (bytes > 0 ? say.deleteBytes(bytesInWords(bytes)) : say.deleteNothing)}
          {bytesOf(plan.value?.protected) > 0 &&
            ` ${say.deleteProtected(bytesInWords(bytesOf(plan.value?.protected)))}`}
          {bytesOf(plan.value?.in_use) > 0 &&
            ` ${say.deleteInUse(bytesInWords(bytesOf(plan.value?.in_use)))}`}
        </p>
        <p class="message error" role="alert">
          {message}
        </p>
      </ConfirmDialog>
    </>
  );
}

function bytesOf(parts: RangeDeletion['deleted'] = []): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}
