/** Files that were dropped on one section and belong to another. */
export const waiting: { files: File[] } = $state({ files: [] });
