enum Kind { One = 1, Two }
abstract class Shape<T> {
    constructor(protected readonly of: T) {}
    abstract text(): string;
}
class Named extends Shape<Kind> {
    text() { return `${Kind[this.of]} of ${this.constructor.name}`; }
}
console.log(new Named(Kind.Two).text());
