import { useEffect, useRef } from 'preact/hooks';
import { AccessForm } from '../components/access-form.tsx';
import { LanguageChoice } from '../components/language-choice.tsx';
import { PlaceLink } from '../components/place-link.tsx';
import { type Page, place } from '../model/location.ts';
import { notice } from '../model/streams.ts';
import { words } from '../words/language.ts';
import { StreamsPage } from './streams-page.tsx';
import { WatchPage } from './watch-page.tsx';

/** What stands around every page: its head, and why the recorder says nothing. */
export function ConsoleFrame() {
  const say = words.value;
  const { page } = place.value;
  const shown = useRef(page);
  useEffect(() => {
    if (page === shown.current) return;
    shown.current = page;
    document.getElementById(`${page}-title`)?.focus();
  }, [page]);
  return (
    <>
      <header class="masthead">
        <h1>{say.title}</h1>
        <nav aria-label={say.pages}>
          <PageLink to="streams">{say.streams}</PageLink>
          <PageLink to="watch">{say.watch}</PageLink>
          <a href="documentation/">{say.apiDocumentation}</a>
        </nav>
        <LanguageChoice />
        <AccessForm />
      </header>
      <p id="notice" class="notice" role="status" hidden={notice.value === ''}>
        {notice}
      </p>
      {/* Stays where it is while something else is looked at: it may be publishing. */}
      <div hidden={page !== 'streams'}>
        <StreamsPage />
      </div>
      {page === 'watch' && <WatchPage />}
    </>
  );
}

function PageLink({ to, children }: { to: Page; children: string }) {
  const target = { page: to, streams: place.value.streams, epochMs: undefined };
  return (
    <PlaceLink to={target} isCurrent={place.value.page === to}>
      {children}
    </PlaceLink>
  );
}
