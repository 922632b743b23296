//! Three numbers: a point, a direction, or linear light.

use std::ops::{Add, AddAssign, Mul, Neg, Sub};

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Vector {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) z: f32,
}

pub(crate) const fn vector(x: f32, y: f32, z: f32) -> Vector {
    Vector { x, y, z }
}

/// Linear light from the colour that a designer would write, `0xRRGGBB` in sRGB. A cubic is close enough to the exact
/// curve for a palette, and cheap enough for every pixel.
pub(crate) const fn colour(srgb: u32) -> Vector {
    const fn linear(eight_bits: u32) -> f32 {
        let c = (eight_bits & 0xff) as f32 / 255.0;
        c * (c * (c * 0.305_306 + 0.682_171) + 0.012_523)
    }
    vector(linear(srgb >> 16), linear(srgb >> 8), linear(srgb))
}

impl Vector {
    pub(crate) const ZERO: Self = vector(0.0, 0.0, 0.0);
    pub(crate) const ONE: Self = vector(1.0, 1.0, 1.0);

    pub(crate) fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(crate) fn unit(self) -> Self {
        self * (1.0 / self.dot(self).max(1e-20).sqrt())
    }

    pub(crate) fn cross(self, other: Self) -> Self {
        vector(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )
    }

    /// `self` where `t` is 0, `other` where it is 1.
    pub(crate) fn mix(self, other: Self, t: f32) -> Self {
        self + (other - self) * t
    }

    /// The direction in which a ray leaves a mirror with this normal.
    pub(crate) fn reflect(self, normal: Self) -> Self {
        self - normal * (2.0 * self.dot(normal))
    }

    /// The same colour turned around the axis of greys; `turn` is a part of the whole circle.
    pub(crate) fn hue_turned(self, turn: f32) -> Self {
        let (sin, cos) = (turn * std::f32::consts::TAU).sin_cos();
        let axis = Self::ONE.unit();
        let turned = self * cos + axis.cross(self) * sin + axis * (axis.dot(self) * (1.0 - cos));
        vector(turned.x.max(0.0), turned.y.max(0.0), turned.z.max(0.0))
    }
}

impl Add for Vector {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        vector(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl AddAssign for Vector {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Vector {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        vector(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Neg for Vector {
    type Output = Self;
    fn neg(self) -> Self {
        vector(-self.x, -self.y, -self.z)
    }
}

impl Mul<f32> for Vector {
    type Output = Self;
    fn mul(self, factor: f32) -> Self {
        vector(self.x * factor, self.y * factor, self.z * factor)
    }
}

impl Mul for Vector {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        vector(self.x * other.x, self.y * other.y, self.z * other.z)
    }
}

/// 0 below `from`, 1 above `to`, smooth between them.
pub(crate) fn smoothstep(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

pub(crate) fn mix(from: f32, to: f32, t: f32) -> f32 {
    from + (to - from) * t
}
