/** The result of one check of the deployment. */
export interface Finding {
  /** Stable across releases. */
  check: string
  status: 'ok' | 'warning' | 'failed' | 'skipped'
  /** The state that was found, and what to change if it is not as it should be; contains no secrets. */
  message: string
}

export const ok = (check: string, message: string): Finding => ({ check, status: 'ok', message })
export const warning = (check: string, message: string): Finding => ({ check, status: 'warning', message })
export const failed = (check: string, message: string): Finding => ({ check, status: 'failed', message })
export const skipped = (check: string, message: string): Finding => ({ check, status: 'skipped', message })
