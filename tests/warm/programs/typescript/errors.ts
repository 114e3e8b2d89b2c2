function inner(of?: { x: number }): number {
    return of!.x;
}
console.log("before");
inner();
