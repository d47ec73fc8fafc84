import { AccessForm } from '../components/access-form.tsx';
import { LanguageChoice } from '../components/language-choice.tsx';
import { notice } from '../model/streams.ts';
import { words } from '../words/language.ts';
import { StreamsPage } from './streams-page.tsx';

/** What stands around every page: its head, and why the recorder says nothing. */
export function ConsoleFrame() {
  const say = words.value;
  return (
    <>
      <header class="masthead">
        <h1>{say.title}</h1>
        <nav aria-label={say.pages}>
          <a href="documentation/">{say.apiDocumentation}</a>
        </nav>
        <LanguageChoice />
        <AccessForm />
      </header>
      <p id="notice" class="notice" role="status" hidden={notice.value === ''}>
        {notice}
      </p>
      <StreamsPage />
    </>
  );
}
