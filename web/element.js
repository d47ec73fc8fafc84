/**
 * The element of the page that has an id.
 * @overload
 * @param {string} id
 * @returns {HTMLElement}
 */
/**
 * @template {HTMLElement} T
 * @overload
 * @param {string} id
 * @param {new () => T} type its class
 * @returns {T}
 */
/**
 * @param {string} id
 * @param {new () => HTMLElement} type
 * @throws {Error} when page and script do not match
 */
export function element(id, type = HTMLElement) {
  return asElement(document.getElementById(id), type, `#${id}`);
}

/**
 * The first element below another one that a selector matches.
 * @overload
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement}
 */
/**
 * @template {HTMLElement} T
 * @overload
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type its class
 * @returns {T}
 */
/**
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => HTMLElement} type
 * @throws {Error} when page and script do not match
 */
export function elementIn(root, selector, type = HTMLElement) {
  return asElement(root.querySelector(selector), type, selector);
}

/**
 * @param {Element | null} found
 * @param {new () => HTMLElement} type
 * @param {string} name for the message
 */
function asElement(found, type, name) {
  if (!(found instanceof type)) throw new Error(`This page has no ${type.name} ${name}.`);
  return found;
}
