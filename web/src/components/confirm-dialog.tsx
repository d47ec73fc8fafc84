import type { ComponentChildren, RefObject } from 'preact';
import { words } from '../words/language.ts';

/** Asks before something that cannot be undone. What has the focus first is the button that does nothing. */
export function ConfirmDialog(props: {
  dialog: RefObject<HTMLDialogElement | null>;
  /** For what cannot see it. */
  label: string;
  question: string;
  /** What it is about. */
  name: string;
  /** What follows from it. */
  children: ComponentChildren;
  /** The button that does it. */
  action: { class: string; label: string; isDisabled: boolean; run: () => Promise<void> };
}) {
  const { action } = props;
  return (
    <dialog ref={props.dialog} aria-label={props.label}>
      <h3>{props.question}</h3>
      <p>{props.name}</p>
      {props.children}
      <form method="dialog" class="controls">
        <button type="submit" class="quiet dialog-cancel">
          {words.value.cancel}
        </button>
        <button
          type="button"
          class={action.class}
          disabled={action.isDisabled}
          onClick={() => void action.run()}
        >
          {action.label}
        </button>
      </form>
    </dialog>
  );
}
