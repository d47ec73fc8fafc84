import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { accessTurn } from '../api/access-token.ts';
import { faultOfStreamName, startRecording } from '../api/recorder.ts';
import { messageOf } from '../api/request.ts';
import { refresh } from '../model/streams.ts';
import { words } from '../words/language.ts';

/** Records a stream by its name, also one that is still to come. */
export function ArmForm() {
  const field = useRef<HTMLInputElement>(null);
  const message = useSignal('');
  const turn = accessTurn.value;
  // What another token was refused is over.
  useEffect(() => {
    message.value = '';
  }, [turn]);
  const arm = async (event: Event) => {
    event.preventDefault();
    const stream = field.current!.value.trim();
    message.value = faultOfStreamName(stream);
    if (message.value !== '') return;
    try {
      await startRecording(stream);
      field.current!.value = '';
      await refresh();
    } catch (error) {
      message.value = messageOf(error);
    }
  };
  const say = words.value;
  return (
    <>
      <form id="arm-form" class="row" onSubmit={arm}>
        <label for="arm-stream">
          {say.recordByName}
          <input
            id="arm-stream"
            ref={field}
            name="stream"
            required
            maxLength={200}
            autocomplete="off"
            spellcheck={false}
            placeholder={say.nameExample}
          />
        </label>
        <button type="submit">{say.record}</button>
      </form>
      <p id="arm-message" class="message" role="status">
        {message}
      </p>
    </>
  );
}
