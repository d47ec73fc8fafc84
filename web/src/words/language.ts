import { computed, effect, signal } from '@preact/signals';
import { CHINESE } from './chinese.ts';
import { ENGLISH, type Words } from './english.ts';

/** Languages that the console speaks. */
export type Language = 'en' | 'zh';

const STORAGE_KEY = 'recorder-language';
const WORDS: Record<Language, Words> = { en: ENGLISH, zh: CHINESE };

function initialLanguage(): Language {
  const chosen = localStorage.getItem(STORAGE_KEY);
  if (chosen === 'en' || chosen === 'zh') return chosen;
  return navigator.language.startsWith('zh') ? 'zh' : 'en';
}

/** The language of the page: what was chosen here before, else the browser's. */
export const language = signal<Language>(initialLanguage());

/** What the console says, in the language of the page. */
export const words = computed(() => WORDS[language.value]);

/** The locale by which numbers and times are written. */
export const locale = computed(() => {
  const { languages } = navigator;
  return languages.find((tag) => tag.startsWith(language.value)) ?? language.value;
});

/** Chooses a language, and remembers it in this browser. */
export function chooseLanguage(chosen: Language): void {
  localStorage.setItem(STORAGE_KEY, chosen);
  language.value = chosen;
}

effect(() => {
  document.documentElement.lang = language.value === 'zh' ? 'zh-Hans' : 'en';
});
