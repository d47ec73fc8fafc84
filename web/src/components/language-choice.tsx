import { chooseLanguage, type Language, language, words } from '../words/language.ts';

/** Chooses the language of the console. */
export function LanguageChoice() {
  return (
    <select
      id="language"
      class="quiet"
      aria-label={words.value.language}
      value={language.value}
      onChange={(event) => chooseLanguage(event.currentTarget.value as Language)}
    >
      <option value="en">English</option>
      <option value="zh" lang="zh-Hans">
        中文
      </option>
    </select>
  );
}
