/** Why the service cannot start with this environment, in one line that names the variable and never shows its value. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}
