import type { ComponentChildren } from 'preact';
import { goTo, type Place, searchOf } from '../model/location.ts';

/** A link to a place of the console, which opens without loading the page anew. */
export function PlaceLink(props: {
  to: Place;
  class?: string;
  label?: string;
  isCurrent?: boolean;
  children: ComponentChildren;
}) {
  const { to, label, isCurrent = false, children } = props;
  return (
    <a
      href={searchOf(to) || './'}
      class={props.class}
      aria-label={label}
      aria-current={isCurrent ? 'page' : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        goTo(to);
      }}
    >
      {children}
    </a>
  );
}
