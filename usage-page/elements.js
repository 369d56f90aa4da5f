/**
 * Returns the page's element with an id.
 *
 * @template {Element} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 * @returns {Kind}
 * @throws {Error} if the page has none of this kind
 */
export function element (id, kind) {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`The page has no ${kind.name} with the id ${id}.`)
  return found
}

/**
 * Sets the text of the page's element with an id. Text is never read as markup.
 *
 * @param {string} id
 * @param {string} text
 */
export function write (id, text) {
  element(id, HTMLElement).textContent = text
}

/**
 * Creates an element with a class, containing text or other elements.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {string} className
 * @param {...(string | Node)} content
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function make (name, className, ...content) {
  const made = document.createElement(name)
  if (className !== '') made.className = className
  made.append(...content)
  return made
}
