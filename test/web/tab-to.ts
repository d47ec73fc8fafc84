import type { Page } from 'playwright-core';

/**
 * Moves the focus on by the tab key until it is at an element.
 * @param key the other one goes backwards
 * @throws Error where it never comes there
 */
export async function tabTo(
  page: Page,
  selector: string,
  key: 'Tab' | 'Shift+Tab' = 'Tab',
): Promise<void> {
  for (let press = 0; press < 120; press++) {
    await page.keyboard.press(key);
    const isThere = await page.evaluate(
      `document.activeElement?.matches(${JSON.stringify(selector)}) === true`,
    );
    if (isThere) return;
  }
  throw new Error(`${key} never comes to ${selector}`);
}
