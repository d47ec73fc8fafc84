import { defineConfig } from 'vite';

export default defineConfig({
  // Relative, so that the console also works below a path of a reverse proxy.
  base: './',
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'baseline-widely-available',
    // The policy of the page allows no script from a `data:` address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Shaka player is larger than all the rest, and loaded when it is first needed.
    chunkSizeWarningLimit: 1000,
  },
});
