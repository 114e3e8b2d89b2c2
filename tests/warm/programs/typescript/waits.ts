const later = (n: number) => new Promise<number>(done => done(n));
(async () => console.log(await Promise.all([1, 2, 3].map(later))))();
