import { useRef } from 'preact/hooks';
import { accessToken, setAccessToken } from '../api/access-token.ts';
import { isAccessOpen } from '../model/streams.ts';
import { words } from '../words/language.ts';

/** Where the access token is entered. */
export function AccessForm() {
  const field = useRef<HTMLInputElement>(null);
  const say = words.value;
  const use = (event: Event) => {
    event.preventDefault();
    setAccessToken(field.current?.value.trim() ?? '');
    isAccessOpen.value = false;
  };
  return (
    <details
      id="access"
      open={isAccessOpen.value}
      onToggle={(event) => {
        isAccessOpen.value = event.currentTarget.open;
      }}
    >
      <summary>{say.accessToken}</summary>
      <form id="access-form" class="row" onSubmit={use}>
        <label for="access-token">
          {say.token}
          <input
            id="access-token"
            ref={field}
            type="password"
            autocomplete="off"
            spellcheck={false}
            aria-describedby="access-hint"
            defaultValue={accessToken.peek()}
          />
        </label>
        <button type="submit">{say.useToken}</button>
      </form>
      <p id="access-hint" class="hint">
        {say.tokenHint}
      </p>
    </details>
  );
}
